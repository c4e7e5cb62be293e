import type { z } from "zod";
import type { OperationResult, offerResponse } from "../api/offer.ts";
import type { StatusUpdate, taskTemplate } from "../api/task.ts";
import type { TaskState } from "../api/taskstate.ts";
import type { Attribute, Resources } from "../resources/index.ts";
import type { SchedulerDriver } from "./driver.ts";

/** Resources of one agent, as `resourceOffers` gets them. */
export interface OfferedResources {
  /** Name of the Offer object; what accept and decline are called with. */
  readonly id: string;
  readonly role: string;
  readonly agent: string;
  readonly hostname: string;
  readonly resources: Resources;
  readonly attributes: readonly Attribute[];
  readonly expiresAt: Date;
  /** Beyond the fair share of its role: tasks on it may be taken back for another one (Framework.spec.reclaimable). */
  readonly revocable: boolean;
  /** Planned maintenance of the agent, when there is one. */
  readonly unavailability?: { readonly start: Date; readonly duration?: string };
}

/**
 * A request to give back what the framework uses of an agent before its maintenance, as `inverseOffers` gets it. To accept is a promise to
 * have left by then as well as one can; to decline tells the administrator that it cannot. Nothing happens to the tasks by either.
 */
export interface InverseOffer {
  /** Name of the Offer object; what acceptInverseOffers and declineInverseOffers are called with. */
  readonly id: string;
  readonly agent: string;
  readonly hostname: string;
  /** What its tasks held there when it was asked. */
  readonly resources: Resources;
  /** Without a duration the agent does not come back. */
  readonly unavailability: { readonly start: Date; readonly duration?: string };
}

/** One transition of a task. Delivered at least once and, for one task, in order. */
export interface TaskUpdate extends Omit<StatusUpdate, "state" | "uuid"> {
  readonly taskId: string;
  /** Name of the Task object. */
  readonly name: string;
  readonly agent?: string;
  readonly state: TaskState;
  /** Absent in answers to `reconcile`; nothing is to be acknowledged then. */
  readonly uuid?: string;
}

/** A task to launch; role, framework and agent are those of the offer. */
export type TaskInfo = z.input<typeof taskTemplate>;
/** What accept does, in order. */
export type Accept = NonNullable<z.input<typeof offerResponse>["accept"]>;
export type Operation = NonNullable<Accept["operations"]>[number];
export type Filters = NonNullable<Accept["filters"]>;

/**
 * What a framework implements: the callbacks of Mesos's Scheduler. Each may return a promise; the
 * driver waits for it before it calls the same callback again. An error thrown by `statusUpdate`
 * leaves the update unacknowledged, and it is delivered again.
 */
export interface Scheduler {
  /**
   * The operator knows the framework; `frameworkId` stays the same until the Framework is deleted. The first offers come
   * after this has returned: reconcile here, to know what runs already.
   */
  registered?(driver: SchedulerDriver, frameworkId: string): void | Promise<void>;
  /** Connected again after `disconnected`. */
  reregistered?(driver: SchedulerDriver, frameworkId: string): void | Promise<void>;
  /** The API server or the operator cannot be reached, or sees no heartbeats. Offers are void. */
  disconnected?(driver: SchedulerDriver, reason: string): void | Promise<void>;
  /** Answer each offer with accept or decline: one that is not answered expires. */
  resourceOffers(driver: SchedulerDriver, offers: readonly OfferedResources[]): void | Promise<void>;
  /** The offer was taken back, or expired, before it was answered. */
  offerRescinded?(driver: SchedulerDriver, offerId: string): void | Promise<void>;
  /**
   * Maintenance of agents is planned that run tasks of the framework. Answer each with acceptInverseOffers or declineInverseOffers;
   * without this callback they stay unanswered.
   */
  inverseOffers?(driver: SchedulerDriver, offers: readonly InverseOffer[]): void | Promise<void>;
  /** The inverse offer is void: the maintenance was withdrawn or changed, or nothing of the framework is left there. */
  inverseOfferRescinded?(driver: SchedulerDriver, offerId: string): void | Promise<void>;
  /** What became of each operation of an accepted offer. */
  offerOperations?(
    driver: SchedulerDriver,
    offerId: string,
    results: readonly OperationResult[],
  ): void | Promise<void>;
  /** A task changed. It is acknowledged when this returns, unless the driver acknowledges explicitly. */
  statusUpdate?(driver: SchedulerDriver, update: TaskUpdate): void | Promise<void>;
  /** Something that the framework's author must mend; the driver goes on where it can. */
  error?(driver: SchedulerDriver, error: Error): void;
}
