import type { Framework } from "../../api/framework.ts";
import type { Live } from "../../cluster/object.ts";
import type { Dependencies } from "../dependencies.ts";
import { frameworkConnection } from "./connection.ts";
import { frameworkReadiness, type Readiness } from "./readiness.ts";

/** Framework's condition Ready as it would be now. */
export function readinessNow(deps: Dependencies, framework: Live<Framework>): Readiness {
  const { caches, config, agentLeases } = deps;
  return frameworkReadiness(framework, {
    roles: (path) => caches.roles.store.by("path", path),
    implicitRoles: config.roles.implicit,
    connection: frameworkConnection(framework, {
      expiry: agentLeases,
      watching: caches.leases.watching,
      streams: deps.offerStreams,
    }),
  });
}
