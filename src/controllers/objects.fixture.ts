import type { AgentState } from "../allocator/index.ts";
import type { Agent } from "../api/agent.ts";
import { type Executor, type ExecutorStatus, executorSpec } from "../api/executor.ts";
import { type Framework, frameworkSpec } from "../api/framework.ts";
import { API_VERSION } from "../api/group.ts";
import type { Offer, OfferResponse, OfferStatus } from "../api/offer.ts";
import type { Quota } from "../api/quota.ts";
import type { Reservation } from "../api/reservation.ts";
import type { Role } from "../api/role.ts";
import type { Task, TaskSpec, TaskStatus } from "../api/task.ts";
import type { Live, LiveMetadata, Metadata } from "../cluster/object.ts";
import { parseResources, type ResourceSpec, Resources, toSpec } from "../resources/index.ts";
import type { AgentView, OfferHold } from "./world/agentview.ts";

/** Objects as a cache gives them, for unit tests: what a test does not say is the plainest there is. */
export const metadata = (name: string, more: Metadata = {}): LiveMetadata => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: "1",
  creationTimestamp: "2026-01-01T00:00:00Z",
  ...more,
});

export const list = (text: string): ResourceSpec[] => toSpec(parseResources(text));

export const framework = (
  name = "fw",
  spec: object = {},
  status?: Framework["status"],
  more: Metadata = {},
): Live<Framework> => ({
  apiVersion: API_VERSION,
  kind: "Framework",
  metadata: metadata(name, { namespace: "ns", generation: 1, ...more }),
  spec: frameworkSpec.parse({ roles: ["eng"], ...spec }),
  ...(status && { status }),
});

export interface OfferParts {
  readonly resources?: string;
  readonly framework?: string;
  readonly role?: string;
  readonly agent?: string;
  readonly response?: OfferResponse;
  readonly status?: OfferStatus;
}

export const offer = (name: string, parts: OfferParts = {}): Live<Offer> => ({
  apiVersion: API_VERSION,
  kind: "Offer",
  metadata: metadata(name, {
    namespace: "ns",
    ownerReferences: [
      {
        apiVersion: API_VERSION,
        kind: "Framework",
        name: parts.framework ?? "fw",
        uid: `uid-${parts.framework ?? "fw"}`,
      },
    ],
  }),
  spec: {
    framework: parts.framework ?? "fw",
    role: parts.role ?? "eng",
    agent: parts.agent ?? "n1",
    resources: list(parts.resources ?? "cpus:4;mem:1024"),
    expiresAt: "2026-01-01T00:01:00.000Z",
    ...(parts.response && { response: parts.response }),
  },
  ...(parts.status && { status: parts.status }),
});

export const task = (
  name: string,
  spec: Partial<TaskSpec> = {},
  status?: TaskStatus,
  more: Metadata = {},
): Live<Task> => ({
  apiVersion: API_VERSION,
  kind: "Task",
  metadata: metadata(name, { namespace: "ns", ...more }),
  spec: {
    role: "eng",
    resources: list("cpus:1;mem:64"),
    command: { shell: true, value: "true" },
    ...spec,
  },
  ...(status && { status }),
});

export const executor = (
  name: string,
  spec: object = {},
  status?: ExecutorStatus,
  more: Metadata = {},
): Live<Executor> => ({
  apiVersion: API_VERSION,
  kind: "Executor",
  metadata: metadata(name, { namespace: "ns", ...more }),
  spec: executorSpec.parse({
    framework: "fw",
    role: "eng",
    agent: "n1",
    executorId: name,
    resources: list("cpus:0.5;mem:32"),
    command: { shell: true, value: "./executor" },
    ...spec,
  }),
  ...(status && { status }),
});

export const role = (name: string, path: string, spec: object = {}, more: Metadata = {}): Live<Role> => ({
  apiVersion: API_VERSION,
  kind: "Role",
  metadata: metadata(name, more),
  spec: { path, weight: 1, ...spec },
});

export const quota = (
  name: string,
  spec: Omit<Quota["spec"], "force"> & { force?: boolean },
  status?: Quota["status"],
  more: Metadata = {},
): Live<Quota> => ({
  apiVersion: API_VERSION,
  kind: "Quota",
  metadata: metadata(name, { generation: 1, ...more }),
  spec: { force: false, ...spec },
  ...(status && { status }),
});

export const reservation = (
  name: string,
  spec: Partial<Reservation["spec"]> = {},
  status?: Reservation["status"],
  more: Metadata = {},
): Live<Reservation> => ({
  apiVersion: API_VERSION,
  kind: "Reservation",
  metadata: metadata(name, { generation: 1, ...more }),
  spec: { role: "eng", agent: "n1", resources: list("cpus:2"), ...spec },
  ...(status && { status }),
});

export const agent = (name = "n1", spec: Partial<Agent["spec"]> = {}): Live<Agent> => ({
  apiVersion: API_VERSION,
  kind: "Agent",
  metadata: metadata(name),
  spec: { unschedulable: false, ...spec },
});

export const agentState = (name: string, total: string, more: Partial<AgentState> = {}): AgentState => ({
  name,
  total: parseResources(total),
  allocations: [],
  attributes: [],
  ...more,
});

/** A view of an agent with so much, of which tasks hold `held`. */
export const view = (
  total: string,
  held = "",
  offers: readonly OfferHold[] = [],
  more: Partial<AgentView> = {},
): AgentView => {
  const all = parseResources(total);
  return {
    name: "n1",
    node: { capacity: all.toUnreserved(), offerable: all.toUnreserved() },
    total: all,
    reserved: new Map(),
    held: held === "" ? Resources.empty : parseResources(held),
    tasks: [],
    executors: [],
    offers,
    state: agentState("n1", total),
    ...more,
  };
};
