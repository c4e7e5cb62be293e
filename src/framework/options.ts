import type { z } from "zod";
import type { Framework, frameworkSpec } from "../api/framework.ts";
import { API_VERSION } from "../api/group.ts";
import type { Logger } from "../cluster/logger.ts";

type SpecInput = z.input<typeof frameworkSpec>;

/** How a framework presents itself. What is not given has the defaults of the Framework kind. */
export interface SchedulerDriverOptions
  extends Pick<
    SpecInput,
    | "roles"
    | "capabilities"
    | "failoverTimeout"
    | "offerTimeout"
    | "maxOffers"
    | "refuse"
    | "offerConstraints"
    | "minAllocatable"
    | "tolerations"
    | "reclaimable"
    | "principal"
    | "user"
  > {
  /** Name of the Framework object; a restart with the same name is a failover. */
  readonly name: string;
  /** Absent: the kubeconfig's or the Pod's. */
  readonly namespace?: string;
  /** Absent: $KUBECONFIG, ~/.kube/config, then the Pod's service account. */
  readonly kubeconfig?: string;
  /** False: the framework calls `acknowledge` itself. Default true. */
  readonly implicitAcknowledgements?: boolean;
  /** Limits of calls to the API server: a second, and at once. Default 50 and 100. */
  readonly client?: { readonly qps: number; readonly burst: number };
  readonly logger?: Logger;
}

const DRIVER_ONLY = new Set([
  "name",
  "namespace",
  "kubeconfig",
  "implicitAcknowledgements",
  "client",
  "logger",
]);

/** The fields of the Framework object that the driver owns (server-side apply). */
export function frameworkFields(options: SchedulerDriverOptions, namespace: string): object {
  const spec = Object.fromEntries(
    Object.entries(options).filter(([key, value]) => !DRIVER_ONLY.has(key) && value !== undefined),
  );
  return {
    apiVersion: API_VERSION,
    kind: "Framework" satisfies Framework["kind"],
    metadata: { name: options.name, namespace },
    spec: { ...spec, connection: { type: "Lease" } },
  };
}
