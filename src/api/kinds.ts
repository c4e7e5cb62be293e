import { Agent } from "./agent.ts";
import { Executor } from "./executor.ts";
import { Framework } from "./framework.ts";
import type { Kind } from "./kind.ts";
import { Offer } from "./offer.ts";
import { Quota } from "./quota.ts";
import { Reservation } from "./reservation.ts";
import { Role } from "./role.ts";
import { Task } from "./task.ts";

/** Every kind of the API group. */
export const KINDS: readonly Kind[] = [Framework, Role, Quota, Reservation, Offer, Task, Executor, Agent];
