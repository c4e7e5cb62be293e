import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inject, vi } from "vitest";
import { stringify } from "yaml";
import { TINI } from "../../../hack/devcluster/systemlayers.ts";
import { API_VERSION, SLOT_CONTAINER, slotPodName } from "../../../src/api/group.ts";
import type { Task, TaskSpec } from "../../../src/api/task.ts";
import { hasEnded, type TaskState } from "../../../src/api/taskstate.ts";
import { tasks } from "../../../src/client/handles.ts";
import { Connection } from "../../../src/cluster/connection.ts";
import { namespaces, nodes, type Pod, pods, serviceAccounts } from "../../../src/cluster/core.ts";
import type { Live } from "../../../src/cluster/object.ts";
import type { Resource } from "../../../src/cluster/resource.ts";
import { BUSYBOX_IMAGE, PrivateContainerd } from "../containerd/privateContainerd.ts";

const AGENT = join(import.meta.dirname, "../../../src/main/agent.ts");
const RECOVERED = '"msg":"recovered"';
const WAIT = { timeout: 30_000, interval: 50 };

/**
 * One node: a real containerd, a slot Pod that the test grants room in the kubelet's place (with a real process in the Pod's cgroup), and
 * the agent as a process of its own. The API server is the run's; there is no operator.
 */
export class AgentNode {
  readonly name = `n-${randomUUID().slice(0, 8)}`;
  readonly containerd: PrivateContainerd;
  readonly connection: Connection;
  readonly tasks: Resource<Task>;
  /** The operator's namespace, of this node alone. */
  readonly system = `sys-${this.name}`;
  /** Of its tasks; no pod-security level. */
  readonly namespace = `ns-${this.name}`;
  readonly work: string;
  #agent: ChildProcess | undefined;
  #slot = "";

  private constructor(containerd: PrivateContainerd, connection: Connection) {
    this.containerd = containerd;
    this.connection = connection;
    this.tasks = tasks(connection);
    this.work = join(containerd.folder, "work");
  }

  /** `config` goes over that of every test's agent. */
  static async start(config: object = {}): Promise<AgentNode> {
    const kubeconfig = inject("kubeconfig");
    const connection = await Connection.load({ userAgent: "agent-test", kubeconfig, qps: 500, burst: 500 });
    const node = new AgentNode(await PrivateContainerd.start(), connection);
    try {
      await node.#prepare();
      await node.startAgent(config);
      return node;
    } catch (error) {
      // The test has nothing yet that it could stop.
      await node.stop();
      throw error;
    }
  }

  async #prepare(): Promise<void> {
    const { containerd, connection } = this;
    await containerd.importBusybox("mesos");
    await containerd.importBusybox("k8s.io", BUSYBOX_IMAGE, { unpack: true });
    for (const name of [this.system, this.namespace]) {
      await namespaces(connection).create({ metadata: { name } });
    }
    // Nobody makes it here, and the API server admits no Pod without.
    await serviceAccounts(connection).create({ metadata: { name: "default", namespace: this.system } });
    await nodes(connection).create({ metadata: { name: this.name } });
    await this.makeSlot();
  }

  async stop(): Promise<void> {
    await this.stopAgent("SIGTERM");
    // What a failed test has left running is removed by it.
    await this.containerd.client({ stateDir: join(this.work, "runtime") });
    this.connection.close();
    await this.containerd.stop();
  }

  async startAgent(config: object = {}): Promise<void> {
    mkdirSync(this.work, { recursive: true });
    const file = join(this.containerd.folder, "agent.yaml");
    const settings = {
      namespace: this.system,
      healthPort: 0,
      http: { port: 0 },
      workDirectory: this.work,
      containerd: { socket: this.containerd.socket },
      defaultImage: BUSYBOX_IMAGE,
      init: TINI,
      sandboxDiskInterval: "500ms",
      memoryPressure: { availableBelow: "1Mi" },
      ...config,
    };
    writeFileSync(file, stringify(settings));
    const seen = this.recoveries();
    this.#agent = this.#spawn(file);
    await vi.waitUntil(() => this.recoveries() > seen, WAIT);
  }

  /** Starts one more beside the first, which ends (and is waited for) with the function that comes back. */
  async startSecondAgent(): Promise<() => Promise<void>> {
    const first = this.#agent;
    this.#agent = this.#spawn(join(this.containerd.folder, "agent.yaml"));
    await vi.waitUntil(() => this.log().includes("another agent works on"), WAIT);
    return async () => {
      const second = this.#agent;
      this.#agent = first;
      await this.stopAgent("SIGKILL");
      this.#agent = second;
    };
  }

  #spawn(file: string): ChildProcess {
    const log = openSync(join(this.containerd.folder, "agent.log"), "a");
    return spawn(process.execPath, [AGENT], {
      env: {
        ...process.env,
        KUBECONFIG: inject("kubeconfig"),
        MESOS_CONFIG: file,
        NODE_NAME: this.name,
        HOST_IP: "127.0.0.1",
      },
      stdio: ["ignore", log, log],
    });
  }

  async stopAgent(signal: NodeJS.Signals): Promise<void> {
    const child = this.#agent;
    this.#agent = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  log(): string {
    const path = join(this.containerd.folder, "agent.log");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  /** Where the agent that runs now serves Mesos's agent API. */
  port(): Promise<number> {
    return this.eventually(() => {
      const log = this.log();
      // It recovers before it serves: what was said before that, the agent before said.
      const own = log.slice(log.lastIndexOf(RECOVERED));
      const [, port] = /"port":(\d+),"msg":"serves Mesos's agent API"/.exec(own) ?? [];
      if (port === undefined) throw new Error("the agent serves no API yet");
      return Number(port);
    });
  }

  /** How often an agent has come up here. */
  recoveries(): number {
    return this.log().split(RECOVERED).length - 1;
  }

  /** A slot Pod as the operator makes it, and a process that stands for its container. */
  async makeSlot(): Promise<void> {
    const name = slotPodName(this.name);
    const client = pods(this.connection);
    const made = await client.create({
      metadata: { name, namespace: this.system },
      spec: {
        nodeName: this.name,
        containers: [{ name: SLOT_CONTAINER, image: BUSYBOX_IMAGE, command: ["sleep", "100000"] }],
      },
    } as Pod);
    const id = randomUUID().replaceAll("-", "");
    const cgroup = `${this.containerd.cgroup.path}/kubepods/burstable/pod${made.metadata.uid}/${id}`;
    const run = ["-n", "k8s.io", "run", "-d", "--cgroup", cgroup, BUSYBOX_IMAGE, id, "/bin/sleep", "100000"];
    await this.containerd.ctr(...run);
    this.#slot = id;
    await this.grant({ cpu: "4", memory: "4Gi" });
  }

  /** What the kubelet writes: the slot runs, and tasks may have so much. */
  async grant(room: { readonly cpu: string; readonly memory: string }, pending = false): Promise<void> {
    const status = {
      phase: "Running",
      conditions: pending ? [{ type: "PodResizePending", status: "True", reason: "Deferred" }] : [],
      containerStatuses: [
        {
          name: SLOT_CONTAINER,
          image: BUSYBOX_IMAGE,
          imageID: BUSYBOX_IMAGE,
          ready: true,
          restartCount: 0,
          containerID: `containerd://${this.#slot}`,
          state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
          allocatedResources: room,
        },
      ],
    };
    const ref = { namespace: this.system, name: slotPodName(this.name) };
    await pods(this.connection).mergePatch(ref, { status }, { subresource: "status" });
  }

  /** The slot Pod's end as the kubelet brings it about: its process first, then what else is in its cgroup. */
  async endSlot(pids: readonly number[]): Promise<void> {
    await this.containerd.ctr("-n", "k8s.io", "tasks", "kill", "-s", "SIGKILL", this.#slot);
    for (const pid of pids) process.kill(pid, "SIGKILL");
    const ref = { namespace: this.system, name: slotPodName(this.name) };
    await pods(this.connection).delete(ref, { gracePeriodSeconds: 0 });
    await this.containerd.ctr("-n", "k8s.io", "tasks", "rm", "-f", this.#slot);
  }

  async task(name: string, spec: Partial<TaskSpec>, namespace = this.namespace): Promise<Live<Task>> {
    return this.tasks.create({
      apiVersion: API_VERSION,
      kind: "Task",
      metadata: { name, namespace },
      spec: {
        role: "*",
        agent: this.name,
        resources: [
          { name: "cpus", scalar: 0.1 },
          { name: "mem", quantity: "32Mi" },
        ],
        ...spec,
      },
    });
  }

  /** A task that runs a shell line. */
  sh(name: string, line: string, spec: Partial<TaskSpec> = {}): Promise<Live<Task>> {
    return this.task(name, { command: { shell: true, value: line }, ...spec });
  }

  get(name: string, namespace = this.namespace): Promise<Live<Task>> {
    return this.tasks.get({ namespace, name });
  }

  /** The task once `state` is among its updates, or its state. */
  async reaches(name: string, state: TaskState): Promise<Live<Task>> {
    return vi.waitFor(async () => {
      const task = await this.get(name);
      const seen = task.status?.updates?.some((update) => update.state === state);
      if (!seen) throw new Error(`${name} is ${task.status?.state}: ${task.status?.message}`);
      return task;
    }, WAIT);
  }

  async ends(name: string, namespace = this.namespace): Promise<Live<Task>> {
    return vi.waitFor(async () => {
      const task = await this.get(name, namespace);
      if (!hasEnded(task.status)) throw new Error(`${name} is ${task.status?.state}`);
      return task;
    }, WAIT);
  }

  kill(name: string, gracePeriod?: string): Promise<unknown> {
    const kill = gracePeriod === undefined ? {} : { gracePeriod };
    return this.tasks.mergePatch({ namespace: this.namespace, name }, { spec: { kill } });
  }

  /** A file of a task's sandbox. */
  output(task: Live<Task>, file = "stdout"): string {
    return readFileSync(join(task.status?.container?.sandbox ?? "", file), "utf8");
  }

  /** Ids of the containers of tasks that containerd has. */
  async containers(): Promise<string[]> {
    const listed = await this.containerd.ctr("-n", "mesos", "containers", "ls", "-q");
    return listed.split("\n").filter((id) => id !== "");
  }

  eventually<T>(check: () => Promise<T> | T): Promise<T> {
    return vi.waitFor(check, WAIT);
  }
}

/** The states that a task has gone through, as its updates tell. */
export const history = (task: Live<Task>): (string | undefined)[] =>
  (task.status?.updates ?? []).map(({ state }) => state);
