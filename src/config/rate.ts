import { z } from "zod";
import type { ThrottleOptions } from "../http/throttle.ts";

/** How many requests somebody may send; what comes faster waits. */
export const rate = (standard: ThrottleOptions) =>
  z
    .strictObject({
      perSecond: z.number().positive().default(standard.perSecond),
      burst: z.int().positive().default(standard.burst),
      waiting: z.int().positive().default(standard.waiting).describe("More are refused with 429."),
    })
    .prefault({});
