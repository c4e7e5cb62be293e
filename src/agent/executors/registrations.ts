import type { Clock } from "../../cluster/time.ts";
import type { TaskRecord } from "../checkpoint/record.ts";
import type { TaskEvent } from "../lifecycle/event.ts";

export type RegistrationKill = Extract<TaskEvent, { type: "kill" }>;

/** Mesos: src/slave/constants.hpp. Milliseconds. */
const REGISTRATION_TIMEOUT = 60_000;
/** The longest that Mesos allows an executor to come back after a restart of the agent. */
const REREGISTRATION_TIMEOUT = 15_000;

/** How long executors have to subscribe: from their start, or from the agent's if they had. */
export class Registrations {
  readonly #clock: Clock;
  readonly #expired: (uid: string, kill: RegistrationKill) => void;
  readonly #timed = new Set<string>();

  constructor(clock: Clock, expired: (uid: string, kill: RegistrationKill) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  forget(uid: string): void {
    this.#timed.delete(uid);
  }

  /** Once for each executor whose process runs. */
  expect({ uid, executor, container }: TaskRecord, recovered: boolean): void {
    if (executor === undefined || this.#timed.has(uid)) return;
    this.#timed.add(uid);
    const again = recovered && executor.subscribed;
    const now = this.#clock.now();
    const since = Date.parse(container?.startedAt ?? "") || now;
    const left = again ? REREGISTRATION_TIMEOUT : Math.max(0, since + REGISTRATION_TIMEOUT - now);
    const cause = again ? "reregistration" : "registration";
    const message = `The executor did not ${again ? "come back" : "subscribe"} in time`;
    this.#clock.setTimeout(() => this.#expired(uid, { type: "kill", cause, graceMs: 0, message }), left);
  }
}
