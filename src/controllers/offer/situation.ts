import type { Executor } from "../../api/executor.ts";
import type { Framework } from "../../api/framework.ts";
import type { Offer } from "../../api/offer.ts";
import type { Reservation } from "../../api/reservation.ts";
import type { Task } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import type { Quantities, Resources } from "../../resources/index.ts";

/** Why nothing of an answer is done: Mesos's reason for its tasks, and a sentence. */
export interface Impediment {
  readonly reason:
    | "REASON_INVALID_OFFERS"
    | "REASON_AGENT_REMOVED"
    | "REASON_AGENT_DISCONNECTED"
    | "REASON_AGENT_DRAINING";
  readonly message: string;
}

/** What is known beside the Offer itself when its answer is carried out. */
export interface Situation {
  readonly offer: Live<Offer>;
  readonly framework: Live<Framework>;
  /** Of the offer and all that it is used with. */
  readonly offered: Resources;
  readonly impediment?: Impediment;
  /** What the node can still take, in amounts: less than what is offered when other Pods were faster. */
  readonly room: Quantities;
  /** Tasks made from this Offer by an earlier try. */
  readonly made: readonly Live<Task>[];
  /** Executors made from this Offer by an earlier try. */
  readonly madeExecutors: readonly Live<Executor>[];
  /** The framework's executor of that Mesos id on the agent, if one is there that has not ended. */
  readonly executor: (executorId: string) => Live<Executor> | undefined;
  /** Whether a task of the framework that has not ended, of another origin, has this Mesos id. */
  readonly isTaken: (taskId: string) => boolean;
  /** On the agent, as they are now. */
  readonly reservations: readonly Live<Reservation>[];
  /** Volumes of the agent, those of this answer left out. */
  readonly volumes: Resources;
  /** What tasks hold on the agent. */
  readonly used: Resources;
}

/** What earlier operations of the same answer leave for the next. */
export interface Progress {
  readonly resources: Resources;
  readonly room: Quantities;
  readonly taskIds: ReadonlySet<string>;
  /** Of one operation: indices of its executors that are, or will be, made from it. */
  readonly executors: ReadonlySet<number>;
}

export const begin = ({ offered, room }: Situation): Progress => ({
  resources: offered,
  room,
  taskIds: new Set(),
  executors: new Set(),
});
