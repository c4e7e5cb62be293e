import { ApiError, isConflict, isNotFound } from "../../cluster/errors.ts";
import { Unsupported } from "../../convert/unsupported.ts";
import { type Answer, badRequest, conflict, notFound } from "../../http/answer.ts";

/** Field manager of what an operator of the cluster changes by the Mesos API. */
export const MANAGER = "mesos-gateway";

export const OK: Answer = { status: 200 };

/** The answer to a write: what the API server says against it is told. */
export async function attempt(work: () => Promise<unknown>, done: Answer = OK): Promise<Answer> {
  try {
    await work();
    return done;
  } catch (error) {
    if (error instanceof Unsupported) return badRequest(error.message);
    if (!(error instanceof ApiError)) throw error;
    const { code } = error;
    const message = error.status.message ?? error.message;
    if (isNotFound(error)) return notFound(message);
    if (isConflict(error)) return conflict(message);
    return code < 500 && code !== 429 ? badRequest(message) : { status: 503, body: message };
  }
}
