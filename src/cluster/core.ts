import type {
  EventsV1Event,
  V1ConfigMap,
  V1Lease,
  V1Namespace,
  V1Node,
  V1Pod,
  V1Secret,
  V1Service,
  V1ServiceAccount,
} from "@kubernetes/client-node";
import type { Connection } from "./connection.ts";
import type { Wire } from "./object.ts";
import { type Resource, resource } from "./resource.ts";

export type ConfigMap = Wire<V1ConfigMap>;
export type Event = Wire<EventsV1Event>;
export type Lease = Wire<V1Lease>;
export type Namespace = Wire<V1Namespace>;
export type Node = Wire<V1Node>;
export type Pod = Wire<V1Pod>;
export type Secret = Wire<V1Secret>;
export type Service = Wire<V1Service>;
export type ServiceAccount = Wire<V1ServiceAccount>;

const core = { group: "", version: "v1", namespaced: true } as const;

export const configMaps = (connection: Connection): Resource<ConfigMap> =>
  resource(connection, { ...core, kind: "ConfigMap", plural: "configmaps" });

/** events.k8s.io/v1; the same objects show as core/v1 Events. */
export const events = (connection: Connection): Resource<Event> =>
  resource(connection, {
    group: "events.k8s.io",
    version: "v1",
    kind: "Event",
    plural: "events",
    namespaced: true,
  });

export const leases = (connection: Connection): Resource<Lease> =>
  resource(connection, {
    group: "coordination.k8s.io",
    version: "v1",
    kind: "Lease",
    plural: "leases",
    namespaced: true,
  });

export const namespaces = (connection: Connection): Resource<Namespace> =>
  resource(connection, { ...core, namespaced: false, kind: "Namespace", plural: "namespaces" });

export const nodes = (connection: Connection): Resource<Node> =>
  resource(connection, { ...core, namespaced: false, kind: "Node", plural: "nodes" });

export const pods = (connection: Connection): Resource<Pod> =>
  resource(connection, { ...core, kind: "Pod", plural: "pods" });

export const secrets = (connection: Connection): Resource<Secret> =>
  resource(connection, { ...core, kind: "Secret", plural: "secrets" });

export const services = (connection: Connection): Resource<Service> =>
  resource(connection, { ...core, kind: "Service", plural: "services" });

export const serviceAccounts = (connection: Connection): Resource<ServiceAccount> =>
  resource(connection, { ...core, kind: "ServiceAccount", plural: "serviceaccounts" });
