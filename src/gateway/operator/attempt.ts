import { ApiError, isConflict, isNotFound, isTransient } from "../../cluster/errors.ts";
import { Unsupported } from "../../convert/unsupported.ts";
import { type Answer, badRequest, conflict, notFound } from "../../http/answer.ts";

/** Field manager of what an operator of the cluster changes by the Mesos API. */
export const MANAGER = "mesos-gateway";

export const OK: Answer = { status: 200 };

/** The answer to a write that needs no words if it succeeds. */
export const attempt = (work: () => Promise<unknown>): Promise<Answer> =>
  answering(async () => {
    await work();
    return OK;
  });

/** What the API server says against a write is told. */
export async function answering(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unsupported) return badRequest(error.message);
    const message = error instanceof ApiError ? (error.status.message ?? error.message) : undefined;
    if (isTransient(error)) return { status: 503, body: message ?? "the API server does not answer now" };
    if (message === undefined) throw error;
    if (isNotFound(error)) return notFound(message);
    if (isConflict(error)) return conflict(message);
    return badRequest(message);
  }
}
