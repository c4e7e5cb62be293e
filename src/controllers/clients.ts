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
import {
  type Lease,
  leases,
  type Namespace,
  type Node,
  namespaces,
  nodes,
  type Pod,
  pods,
} from "../cluster/core.ts";
import type { KubeObject } from "../cluster/object.ts";
import { type Resource, type ResourceType, resource } from "../cluster/resource.ts";

/** A typed client of each kind that the operator reads or writes. */
export interface Clients {
  readonly agents: Resource<Agent>;
  readonly executors: Resource<Executor>;
  readonly frameworks: Resource<Framework>;
  readonly offers: Resource<Offer>;
  readonly quotas: Resource<Quota>;
  readonly reservations: Resource<Reservation>;
  readonly roles: Resource<Role>;
  readonly tasks: Resource<Task>;
  readonly leases: Resource<Lease>;
  readonly namespaces: Resource<Namespace>;
  readonly nodes: Resource<Node>;
  readonly pods: Resource<Pod>;
}

/** Where a kind of this API group is served. */
export function servedAt(kind: Kind): ResourceType {
  const { plural, scope } = kind;
  return { group: GROUP, version: VERSION, kind: kind.kind, plural, namespaced: scope === "Namespaced" };
}

export function createClients(connection: Connection): Clients {
  const of = <T extends KubeObject>(kind: Kind): Resource<T> => resource<T>(connection, servedAt(kind));
  return {
    agents: of<Agent>(Agent),
    executors: of<Executor>(Executor),
    frameworks: of<Framework>(Framework),
    offers: of<Offer>(Offer),
    quotas: of<Quota>(Quota),
    reservations: of<Reservation>(Reservation),
    roles: of<Role>(Role),
    tasks: of<Task>(Task),
    leases: leases(connection),
    namespaces: namespaces(connection),
    nodes: nodes(connection),
    pods: pods(connection),
  };
}
