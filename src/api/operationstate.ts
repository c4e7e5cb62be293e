import { z } from "zod";

/** How an operation has ended. */
export const operationState = z
  .enum(["FINISHED", "FAILED", "ERROR", "DROPPED"])
  .describe("Mesos's OperationState.");
