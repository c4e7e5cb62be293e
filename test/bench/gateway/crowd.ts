import type { MessageInitShape } from "@bufbuild/protobuf";
import { eachLimited } from "../../../src/controllers/limited.ts";
import { enumName } from "../../../src/wire/enums.ts";
import {
  type Offer,
  Offer_Operation_Type,
  type TaskInfoSchema,
  TaskState,
  TaskStateSchema,
  type TaskStatus,
  TaskStatus_Reason,
  Value_Type,
} from "../../../src/wire/gen/mesos/v1/mesos_pb.ts";
import { Call_Type, type Event } from "../../../src/wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { BenchError } from "../cluster/failure.ts";
import type { Life } from "../cluster/statistics.ts";
import { Subscriber } from "./subscriber.ts";

/** SUBSCRIBEs at a time. */
const WIDTH = 16;
export const ROLE = "*";

/** What is still to be launched, and what was. */
interface Launching {
  left: number;
  readonly tasksPerOffer: number;
  readonly inFlight: number;
  readonly finished: PromiseWithResolvers<void>;
  readonly lives: Map<string, Life>;
  /** Accepted and not running. */
  waiting: number;
  ended: number;
  /** Asked for on offers that had gone meanwhile. */
  tooLate: number;
}

/** All subscribers. Each declines what it has no use for, under Mesos's default filter of 5 s. */
export class Crowd {
  readonly #port: number;
  readonly #seconds: number;
  readonly #subscribers: Subscriber[] = [];
  readonly #failed = Promise.withResolvers<never>();
  #offers = 0;
  #made = 0;
  #launching: Launching | undefined;
  #over = false;

  /** @param seconds for which each task runs */
  constructor(port: number, seconds: number) {
    this.#port = port;
    this.#seconds = seconds;
    this.#failed.promise.catch(() => {});
  }

  /** Offers that came so far. */
  get offers(): number {
    return this.#offers;
  }

  get size(): number {
    return this.#subscribers.length;
  }

  /** What `work` comes to; rejects when a stream ends meanwhile, or a call is refused. */
  during<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed.promise]);
  }

  /** Streams that end from now on are no failure. */
  dismiss(): void {
    this.#over = true;
  }

  /** Has so many subscribed, none of whom is offered anything. */
  async grow(count: number): Promise<void> {
    const more = Array.from({ length: count - this.size }, (_, i) => this.#subscriber(this.size + i));
    this.#subscribers.push(...more);
    await this.during(eachLimited(more, WIDTH, (one) => one.subscribe()));
  }

  async revive(): Promise<void> {
    const work = eachLimited(this.#subscribers, WIDTH, (one) => one.call({ type: Call_Type.REVIVE }));
    await this.during(work);
  }

  /** Launches so many tasks on the offers that come, whoever gets them, and resolves once all have ended. */
  async launch(
    count: number,
    { tasksPerOffer, inFlight }: Pick<Launching, "tasksPerOffer" | "inFlight">,
    timeout: number,
  ): Promise<{ readonly lives: readonly Life[]; readonly tooLate: number }> {
    const finished = Promise.withResolvers<void>();
    const none = { lives: new Map<string, Life>(), waiting: 0, ended: 0, tooLate: 0 };
    const launching: Launching = { left: count, tasksPerOffer, inFlight, finished, ...none };
    this.#launching = launching;
    const late = setTimeout(() => {
      const numbers = `${launching.ended} of ${count} tasks have ended, ${launching.left} were not accepted`;
      this.#fail(new BenchError(`after ${timeout / 1000} s ${numbers}: try fewer --tasks`));
    }, timeout);
    try {
      await this.during(finished.promise);
    } finally {
      clearTimeout(late);
      this.#launching = undefined;
    }
    return { lives: [...launching.lives.values()], tooLate: launching.tooLate };
  }

  #subscriber(index: number): Subscriber {
    return new Subscriber({
      port: this.#port,
      name: `bench-${index}`,
      role: ROLE,
      encoding: index % 2 === 0 ? "json" : "protobuf",
      onEvent: (event, subscriber) => this.#take(event, subscriber),
      onEnd: (error) => this.#fail(error),
    });
  }

  #take({ offers, update }: Event, subscriber: Subscriber): void {
    if (offers !== undefined) this.#answer(offers.offers, subscriber);
    if (update?.status !== undefined) this.#heard(update.status, subscriber);
  }

  #answer(offers: readonly Offer[], subscriber: Subscriber): void {
    this.#offers += offers.length;
    const useless = offers.filter((offer) => !this.#accept(offer, subscriber));
    if (useless.length === 0) return;
    const offerIds = useless.flatMap(({ id }) => (id === undefined ? [] : [id]));
    this.#send(subscriber.call({ type: Call_Type.DECLINE, decline: { offerIds } }));
  }

  /** Whether there was use for it. */
  #accept({ id, agentId }: Offer, subscriber: Subscriber): boolean {
    const launching = this.#launching;
    if (launching === undefined || id === undefined || agentId === undefined) return false;
    const count = Math.min(launching.tasksPerOffer, launching.left);
    if (count === 0 || (launching.waiting > 0 && launching.waiting + count > launching.inFlight))
      return false;
    launching.left -= count;
    launching.waiting += count;
    const taskInfos = Array.from({ length: count }, () =>
      taskInfo(`t-${this.#made++}`, agentId.value, this.#seconds),
    );
    const asked = performance.now();
    for (const { taskId } of taskInfos) launching.lives.set(taskId?.value ?? "", { asked });
    const operations = [{ type: Offer_Operation_Type.LAUNCH, launch: { taskInfos } }];
    const accept = { offerIds: [id], operations, filters: { refuseSeconds: 0 } };
    this.#send(subscriber.call({ type: Call_Type.ACCEPT, accept }));
    return true;
  }

  #heard({ taskId, agentId, uuid, state, reason, message }: TaskStatus, subscriber: Subscriber): void {
    if (uuid.length > 0 && taskId !== undefined && agentId !== undefined) {
      const acknowledge = { taskId, agentId, uuid };
      this.#send(subscriber.call({ type: Call_Type.ACKNOWLEDGE, acknowledge }));
    }
    const launching = this.#launching;
    const life = launching?.lives.get(taskId?.value ?? "");
    if (launching === undefined || life === undefined) return;
    if (state === TaskState.TASK_RUNNING && life.running === undefined) {
      life.running = performance.now();
      launching.waiting -= 1;
    } else if (state === TaskState.TASK_FINISHED && life.ended === undefined) {
      life.ended = performance.now();
      launching.ended += 1;
    } else if (reason === TaskStatus_Reason.INVALID_OFFERS) {
      launching.lives.delete(taskId?.value ?? "");
      launching.left += 1;
      launching.waiting -= 1;
      launching.tooLate += 1;
    } else if (
      state > TaskState.TASK_RUNNING &&
      state !== TaskState.TASK_STAGING &&
      life.ended === undefined
    ) {
      this.#fail(new BenchError(`a task ended as ${enumName(TaskStateSchema, state)}: ${message}`));
    }
    if (launching.left === 0 && launching.ended === launching.lives.size) launching.finished.resolve();
  }

  #send(call: Promise<void>): void {
    call.catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (!this.#over) this.#failed.reject(error);
  }
}

const scalar = (name: string, value: number) => ({ name, type: Value_Type.SCALAR, scalar: { value } });

const taskInfo = (id: string, agent: string, seconds: number): MessageInitShape<typeof TaskInfoSchema> => ({
  name: id,
  taskId: { value: id },
  agentId: { value: agent },
  resources: [scalar("cpus", 0.01), scalar("mem", 32)],
  command: { value: `sleep ${seconds}` },
});
