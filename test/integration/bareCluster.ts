import { inject, vi } from "vitest";
import { agentLeaseName, slotPodName } from "../../src/api/group.ts";
import type { Task, TaskSpec, TaskTemplate } from "../../src/api/task.ts";
import { Connection } from "../../src/cluster/connection.ts";
import { events, type Lease, namespaces, type Pod } from "../../src/cluster/core.ts";
import type { Live } from "../../src/cluster/object.ts";
import { microTimestamp } from "../../src/cluster/time.ts";
import { type Clients, createClients } from "../../src/controllers/clients.ts";
import { removeAllBut } from "./pristine.ts";
import { SYSTEM } from "./systemnamespace.ts";

export { SYSTEM };
export const API = "mesos.dev/v1alpha1";

/** Milliseconds: a machine that builds images beside may be slow. */
const PATIENCE = 30_000;

/** An API server that is ready for an operator. */
export interface ReadyServer {
  readonly connection: Connection;
  readonly kubeconfig: string;
  /** Ends the connection, and takes away what was made. */
  stop(): Promise<void>;
}

let isTaken = false;

/** The run's own, with the CRDs, the operator's namespace and nothing else. */
export async function readyServer(): Promise<ReadyServer> {
  if (isTaken) throw new Error("two operators' worlds at a time: stop the one before");
  const kubeconfig = inject("kubeconfig");
  const empty = () => removeAllBut(inject("etcd"), new Set(inject("pristine")));
  await empty();
  const connection = await Connection.load({ userAgent: "test", kubeconfig, qps: 1000, burst: 1000 });
  isTaken = true;
  return {
    connection,
    kubeconfig,
    stop: async () => {
      connection.close();
      // Nobody is left who would take finalizers away.
      await empty();
      isTaken = false;
    },
  };
}

/**
 * An API server without kubelet, scheduler and agents: what those would write, the test writes. The operator acts on all Agents and Tasks
 * there are, so a test file has the server for itself: see vitest.config.ts.
 */
export abstract class BareCluster {
  readonly clients: Clients;
  readonly connection: Connection;
  readonly kubeconfig: string;
  readonly #server: ReadyServer;

  protected constructor(server: ReadyServer) {
    this.#server = server;
    this.connection = server.connection;
    this.kubeconfig = server.kubeconfig;
    this.clients = createClients(server.connection);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }

  async namespace(prefix: string): Promise<string> {
    const { metadata } = await namespaces(this.connection).create({
      metadata: { generateName: `${prefix}-` },
    });
    return metadata.name;
  }

  /** A Node that a kubelet would report; 4 cpus and 8 GiB are allocatable unless told. */
  async addNode(
    name: string,
    allocatable: Record<string, string> = {},
    labels: Record<string, string> = {},
  ): Promise<void> {
    const { nodes } = this.clients;
    await nodes.create({ metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } } });
    // The API server taints what is new as not ready; the node controller, which is not there, takes it off.
    await nodes.mergePatch({ name }, { spec: { taints: null } });
    const status = {
      allocatable: { cpu: "4", memory: "8Gi", "ephemeral-storage": "20Gi", pods: "110", ...allocatable },
      conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "ready" }],
    };
    await nodes.mergePatch({ name }, { status }, { subresource: "status" });
  }

  /** What an agent program does first: its Agent object and its Lease. */
  async addAgent(name: string): Promise<void> {
    const spec = { unschedulable: false };
    await this.clients.agents.create({ apiVersion: API, kind: "Agent", metadata: { name }, spec });
    await this.renew(name);
  }

  /** One renewal of the agent's Lease. */
  async renew(agent: string): Promise<void> {
    const metadata = { name: agentLeaseName(agent), namespace: SYSTEM };
    const spec: Lease["spec"] = {
      holderIdentity: agent,
      leaseDurationSeconds: 75,
      renewTime: microTimestamp(Date.now()),
    };
    const update = { metadata, spec };
    await this.clients.leases
      .mergePatch(metadata, update)
      .catch(() =>
        this.clients.leases.create({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", ...update }),
      );
  }

  slot(node: string): Promise<Live<Pod>> {
    return this.clients.pods.get({ namespace: SYSTEM, name: slotPodName(node) });
  }

  /** The kubelet's part of a slot Pod's status; what is left out stays. */
  async slotStatus(node: string, status: Partial<NonNullable<Pod["status"]>>): Promise<void> {
    const ref = { namespace: SYSTEM, name: slotPodName(node) };
    await this.clients.pods.mergePatch(ref, { status }, { subresource: "status" });
  }

  /** What a kubelet with room writes: all that the slot Pod asks for is granted. */
  async grant(node: string): Promise<void> {
    const { spec, status } = await this.slot(node);
    const requests = spec?.containers[0]?.resources?.requests ?? {};
    const granted = status?.containerStatuses?.[0]?.allocatedResources;
    if (JSON.stringify(granted) === JSON.stringify(requests) && status?.conditions === undefined) return;
    await this.slotStatus(node, {
      phase: "Running",
      conditions: [],
      containerStatuses: [runningSlot(requests)],
    });
  }

  task(namespace: string, name: string, spec: Partial<TaskSpec> = {}): Promise<Live<Task>> {
    return this.clients.tasks.create({
      apiVersion: API,
      kind: "Task",
      metadata: { name, namespace },
      spec: { role: "*", ...template(), ...spec },
    });
  }

  getTask(namespace: string, name: string): Promise<Live<Task>> {
    return this.clients.tasks.get({ namespace, name });
  }

  /** The result of `check` once it does not throw. */
  eventually<T>(check: () => Promise<T> | T, timeout = PATIENCE): Promise<T> {
    return vi.waitFor(check, { timeout, interval: 40 });
  }

  /** Reasons of the Events about an object. */
  async eventReasons(namespace: string, name: string): Promise<string[]> {
    const { items } = await events(this.connection).list({ namespace });
    return items.filter(({ regarding }) => regarding?.name === name).map(({ reason }) => reason ?? "");
  }
}

/** A task that asks for so much. */
export function template(cpus = 0.5, mem = 64, rest: Partial<TaskTemplate> = {}): TaskTemplate {
  return {
    resources: [
      { name: "cpus", scalar: cpus },
      { name: "mem", scalar: mem },
    ],
    command: { shell: true, value: "sleep 1" },
    ...rest,
  };
}

const runningSlot = (requests: Record<string, string>) => ({
  name: "slot",
  image: "i",
  imageID: "i",
  ready: true,
  restartCount: 0,
  containerID: "containerd://c",
  state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
  allocatedResources: requests,
  resources: { requests },
});
