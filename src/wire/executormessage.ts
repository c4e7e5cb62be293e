import { z } from "zod";

/** A message between a scheduler and its executor, as it travels between the gateway and an agent: JSON. */
export const executorMessage = z.object({
  /** Mesos's ids. */
  frameworkId: z.string().min(1),
  executorId: z.string().min(1),
  /** base64. */
  data: z.base64(),
});
export type ExecutorMessage = z.output<typeof executorMessage>;

/** On an agent. POST: a message to an executor, 202 or 404. GET: a stream of records, the messages of all executors there. */
export const MESSAGES_PATH = "/mesos.dev/executor-messages";
/** Whom the token of the gateway is for: it is of no use anywhere else. */
export const AGENT_AUDIENCE = "mesos.dev/agent";
