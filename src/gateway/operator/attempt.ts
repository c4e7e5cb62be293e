import { ApiError, isConflict, isNotFound } from "../../cluster/errors.ts";
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
    if (!(error instanceof ApiError)) throw error;
    const { code } = error;
    const message = error.status.message ?? error.message;
    if (isNotFound(error)) return notFound(message);
    if (isConflict(error)) return conflict(message);
    return code < 500 && code !== 429 ? badRequest(message) : { status: 503, body: message };
  }
}
