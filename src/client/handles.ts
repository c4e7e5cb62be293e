import { Agent } from "../api/agent.ts";
import { Executor } from "../api/executor.ts";
import { Framework } from "../api/framework.ts";
import { GROUP, VERSION } from "../api/group.ts";
import type { Kind } from "../api/kind.ts";
import { Offer } from "../api/offer.ts";
import { Quota } from "../api/quota.ts";
import { Reservation } from "../api/reservation.ts";
import { Role } from "../api/role.ts";
import { Task } from "../api/task.ts";
import type { Connection } from "../cluster/connection.ts";
import type { KubeObject } from "../cluster/object.ts";
import { type Resource, resource } from "../cluster/resource.ts";

const handle = <T extends KubeObject>(connection: Connection, kind: Kind): Resource<T> =>
  resource<T>(connection, {
    group: GROUP,
    version: VERSION,
    kind: kind.kind,
    plural: kind.plural,
    namespaced: kind.scope === "Namespaced",
  });

/** Typed handles of this project's kinds at one API server. */
export const agents = (connection: Connection): Resource<Agent> => handle(connection, Agent);
export const executors = (connection: Connection): Resource<Executor> => handle(connection, Executor);
export const frameworks = (connection: Connection): Resource<Framework> => handle(connection, Framework);
export const offers = (connection: Connection): Resource<Offer> => handle(connection, Offer);
export const quotas = (connection: Connection): Resource<Quota> => handle(connection, Quota);
export const reservations = (connection: Connection): Resource<Reservation> =>
  handle(connection, Reservation);
export const roles = (connection: Connection): Resource<Role> => handle(connection, Role);
export const tasks = (connection: Connection): Resource<Task> => handle(connection, Task);
