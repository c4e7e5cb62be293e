import type { Framework } from "../../../src/api/framework.ts";
import type { Offer } from "../../../src/api/offer.ts";
import type { Task } from "../../../src/api/task.ts";
import type { TaskState } from "../../../src/api/taskstate.ts";
import type { Live } from "../../../src/cluster/object.ts";
import type { Scheduling } from "../../../src/controllers/world/scheduling.ts";
import type { Feeds, ObjectIn } from "./mirror.ts";
import { agent, agentName, entered, framework, lease, slot, task } from "./objects.ts";

/** Of so many offers one is declined, and refused for so many milliseconds. */
const DECLINED = 4;
const REFUSED_FOR = 1_000;
/** After so many launches a framework goes and another one comes. */
const LAUNCHES_OF_A_FRAMEWORK = 2_000;

interface Launched {
  readonly offer: Live<Offer>;
  readonly index: number;
  task: Live<Task>;
}

/**
 * What happens in a cluster, told as the watches would tell it: offers are answered, tasks begin and end, slots are resized, agents
 * renew their Leases, frameworks come and go. All names are new ones, so whatever remembers one for ever is found out.
 */
export class Life {
  readonly #feeds: Feeds;
  readonly #scheduling: Scheduling;
  readonly #agents: number;
  readonly #maxOffers: number;
  readonly #clock: () => number;
  /** Tasks that run at a time. */
  readonly #most: number;
  readonly #indexes = new Map<string, number>();
  readonly #frameworks: Live<Framework>[];
  readonly #open: Live<Offer>[] = [];
  readonly #running: Launched[] = [];
  readonly #tasksOn = new Map<number, number>();
  #offered = 0;
  #launched = 0;
  #renewed = 0;
  #told = 0;

  constructor(
    feeds: Feeds,
    scheduling: Scheduling,
    sizes: { readonly agents: number; readonly maxOffers: number; readonly running: number },
    frameworks: readonly Live<Framework>[],
    clock: () => number,
  ) {
    this.#feeds = feeds;
    this.#scheduling = scheduling;
    this.#agents = sizes.agents;
    this.#maxOffers = sizes.maxOffers;
    this.#most = sizes.running;
    this.#frameworks = [...frameworks];
    this.#clock = clock;
    for (let index = 0; index < sizes.agents; index++) this.#indexes.set(agentName(index), index);
    feeds.offers.created = (offer) => this.#open.push(offer);
  }

  /** Events so far. */
  get told(): number {
    return this.#told;
  }

  get launched(): number {
    return this.#launched;
  }

  get heartbeats(): number {
    return this.#renewed;
  }

  get running(): number {
    return this.#running.length;
  }

  /** One agent's Lease, each in turn. */
  heartbeat(): void {
    this.#feeds.leases.tell("MODIFIED", lease(this.#renewed++ % this.#agents));
    this.#told += 1;
  }

  /** What follows from one offer; false if there is none. */
  step(): boolean {
    const offer = this.#open.shift();
    if (offer === undefined) return false;
    if (this.#offered++ % DECLINED === 0) this.#decline(offer);
    else this.#launch(offer);
    while (this.#running.length > this.#most) this.#end();
    return true;
  }

  #decline(offer: Live<Offer>): void {
    const { role, agent: name, framework: owner } = offer.spec;
    const filters = { refuse: `${REFUSED_FOR}ms` };
    const answered = { ...offer, spec: { ...offer.spec, response: { decline: { filters } } } };
    this.#tell("offers", "MODIFIED", answered);
    const resources = this.#scheduling.views
      .get(name)
      ?.offers.find((one) => one.offer.metadata.uid === offer.metadata.uid);
    if (resources !== undefined) {
      const id = `${offer.metadata.namespace}/${owner}`;
      this.#scheduling.filters.add(id, role, name, resources.resources, this.#clock(), REFUSED_FOR);
    }
    const closed = {
      ...answered,
      status: { state: "Declined" as const, closedAt: new Date().toISOString() },
    };
    this.#tell("offers", "DELETED", this.#tell("offers", "MODIFIED", closed));
  }

  #launch(offer: Live<Offer>): void {
    const index = this.#indexes.get(offer.spec.agent) ?? 0;
    const made = task(`task-${this.#launched++}`, offer);
    const { name = "" } = made.metadata;
    const { resources, command } = made.spec;
    const operations = [
      { type: "LAUNCH" as const, launch: { tasks: [{ name, resources, ...(command && { command }) }] } },
    ];
    const response = { accept: { operations, filters: { refuse: "0s" } } };
    const answered = this.#tell("offers", "MODIFIED", { ...offer, spec: { ...offer.spec, response } });
    let current = this.#tell("tasks", "ADDED", made);
    this.#resize(index, 1);
    const status = { state: "Accepted" as const, closedAt: new Date().toISOString() };
    const closed = this.#tell("offers", "MODIFIED", { ...answered, status });
    current = this.#enter(current, "TASK_STARTING");
    current = this.#enter(current, "TASK_RUNNING");
    this.#running.push({ offer: closed, index, task: current });
    if (this.#launched % LAUNCHES_OF_A_FRAMEWORK === 0) this.#replaceFramework();
  }

  #end(): void {
    const first = this.#running.shift();
    if (first === undefined) return;
    const ended = this.#enter(first.task, "TASK_FINISHED");
    const acknowledged = ended.status?.updates?.at(-1)?.uuid ?? "";
    this.#tell(
      "tasks",
      "DELETED",
      this.#tell("tasks", "MODIFIED", { ...ended, spec: { ...ended.spec, acknowledged } }),
    );
    this.#resize(first.index, -1);
    this.#tell("offers", "DELETED", first.offer);
    this.#tell("agents", "MODIFIED", agent(first.index));
  }

  #enter(current: Live<Task>, state: TaskState): Live<Task> {
    return this.#tell("tasks", "MODIFIED", { ...current, status: entered(current.status, state) });
  }

  /** The first framework goes with its offers; its tasks run on. */
  #replaceFramework(): void {
    const gone = this.#frameworks.shift();
    if (gone === undefined) return;
    for (const offer of this.#open.splice(0)) {
      if (offer.spec.framework !== gone.metadata.name) this.#open.push(offer);
      else {
        const status = { state: "Rescinded" as const, closedAt: new Date().toISOString() };
        this.#tell("offers", "DELETED", this.#tell("offers", "MODIFIED", { ...offer, status }));
      }
    }
    this.#tell("frameworks", "DELETED", gone);
    const name = `framework-after-${this.#launched}`;
    const [role = "*"] = gone.spec.roles;
    this.#frameworks.push(this.#tell("frameworks", "ADDED", framework(name, role, this.#maxOffers)));
  }

  #resize(index: number, by: number): void {
    const tasks = (this.#tasksOn.get(index) ?? 0) + by;
    this.#tasksOn.set(index, tasks);
    this.#tell("pods", "MODIFIED", slot(index, tasks));
  }

  #tell<K extends "offers" | "tasks" | "agents" | "pods" | "frameworks">(
    kind: K,
    type: "ADDED" | "MODIFIED" | "DELETED",
    object: ObjectIn<K>,
  ): Live<ObjectIn<K>> {
    this.#told += 1;
    const feed = this.#feeds[kind] as { tell(type: string, object: ObjectIn<K>): Live<ObjectIn<K>> };
    return feed.tell(type, object);
  }
}
