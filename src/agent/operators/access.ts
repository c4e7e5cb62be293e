import type { IncomingMessage } from "node:http";
import { type Authenticator, authenticate, type User } from "../../auth/authenticator.ts";
import { type Action, type Authorizer, describeAction } from "../../auth/authorizer.ts";
import type { Logger } from "../../cluster/logger.ts";
import { type Answer, forbidden } from "../../http/answer.ts";
import type { Throttle } from "../../http/throttle.ts";

/** What is asked may not be done by who asks. */
export class ForbiddenError extends Error {
  override readonly name = "ForbiddenError";

  constructor(action: Action) {
    super(`not allowed: ${describeAction(action)}`);
  }
}

/** Whether it may be done cannot be told now. */
export class UndecidedError extends Error {
  override readonly name = "UndecidedError";
}

/** Who asks, once it is known. */
export class Visitor {
  readonly #user: User;
  readonly #authorizer: Authorizer;

  constructor(user: User, authorizer: Authorizer) {
    this.#user = user;
    this.#authorizer = authorizer;
  }

  /** Rejects with UndecidedError. */
  may(action: Action): Promise<boolean> {
    return this.#authorizer.allows(this.#user, action).catch((cause: unknown) => {
      throw new UndecidedError("permissions cannot be checked now", { cause });
    });
  }

  /** Rejects with ForbiddenError and UndecidedError. */
  async must(action: Action): Promise<void> {
    if (!(await this.may(action))) throw new ForbiddenError(action);
  }
}

export interface AccessOptions {
  readonly authenticators: readonly Authenticator[];
  readonly authorizer: Authorizer;
  /** By principal. */
  readonly throttle: Throttle;
  /** By address, before it is known who it is: nobody's requests may keep the API server from the agent. */
  readonly sources: Throttle;
  /** Until then nobody is served. */
  readonly isReady: () => boolean;
  readonly log: Logger;
}

/** Lets in whom the API server knows: the agent has no credentials of its own to compare with. */
export class Access {
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /** Answers a request in the name of who sent it, or says why it may not. */
  async serve(
    request: IncomingMessage,
    handle: (visitor: Visitor) => Promise<Answer | undefined>,
  ): Promise<Answer | undefined> {
    const { authenticators, authorizer, throttle, sources, isReady, log } = this.#options;
    if (!isReady()) return { status: 503, body: "Agent has not finished recovery" };
    const { authorization } = request.headers;
    if (authorization === undefined) return unauthorized;
    if (/^basic /i.test(authorization)) return noPasswords;
    if (!(await sources.admit(request.socket.remoteAddress))) return sources.refusal(TOO_MANY);
    const who = await authenticate(authenticators, false, authorization).catch((err: unknown) => {
      log.warn({ err }, "nobody can be authenticated now");
      return undefined;
    });
    if (who === undefined) return { status: 503, body: "the credentials cannot be checked now" };
    if (who.kind !== "principal") return unauthorized;
    const { name, user } = who.principal;
    if (!(await throttle.admit(name))) return throttle.refusal(TOO_MANY);
    try {
      return await handle(new Visitor(user, authorizer));
    } catch (error) {
      if (error instanceof ForbiddenError) return forbidden(error.message);
      if (!(error instanceof UndecidedError)) throw error;
      log.warn({ err: error.cause }, "what somebody may do cannot be told now");
      return { status: 503, body: error.message };
    }
  }
}

/**
 * An agent that could compare passwords could read those of all principals, and so could whoever takes over a node. The gateway
 * knows them, and serves with them what a master has.
 */
const noPasswords: Answer = {
  status: 401,
  headers: {
    "WWW-Authenticate":
      'Bearer realm="mesos-agent-readwrite", error="invalid_request", error_description="agents take bearer tokens of Kubernetes"',
  },
  body: "Agents know no passwords: send 'Authorization: Bearer TOKEN' with a token of Kubernetes, such as 'kubectl create token NAME' prints. With a password the gateway serves what the master has.",
};
const TOO_MANY = "too many of your requests are waiting";
const unauthorized: Answer = {
  status: 401,
  headers: { "WWW-Authenticate": 'Bearer realm="mesos-agent-readwrite"' },
};
