import type { Principal, User } from "../../auth/authenticator.ts";
import { type Action, type Authorizer, describeAction } from "../../auth/authorizer.ts";
import { KeptReviews } from "../../auth/keptreviews.ts";
import type { Clock } from "../../cluster/time.ts";
import { type Answer, forbidden } from "../../http/answer.ts";

/** Who gives no credentials is Kubernetes' own nobody, and may do what RBAC lets that one. */
const ANONYMOUS: User = { username: "system:anonymous", groups: ["system:unauthenticated"] };

/** Pollers ask the same again and again. */
const KEEP = { believed: 5_000, most: 10_000 };

/** What callers of the operator API and of the v0 paths may do. */
export class Access {
  readonly #authorizer: Authorizer;

  constructor(authorizer: Authorizer, clock: Clock) {
    this.#authorizer = new KeptReviews(authorizer, clock, KEEP);
  }

  /** Why it is not done; undefined: all of it is allowed. */
  async refusal(principal: Principal | undefined, actions: readonly Action[]): Promise<Answer | undefined> {
    const user = principal?.user ?? ANONYMOUS;
    try {
      const allowed = await Promise.all(actions.map((action) => this.#authorizer.allows(user, action)));
      const refused = actions.find((_, i) => !allowed[i]);
      return refused && forbidden(`Not authorized to ${describeAction(refused)}`);
    } catch {
      return { status: 503, body: "what the caller may do cannot be checked now" };
    }
  }
}

/** Reading is listing, in all namespaces, each kind that the answer shows. */
export const lists = (...resources: readonly string[]): Action[] =>
  resources.map((resource) => ({ verb: "list", resource }));

/** Of the whole state. */
export const EVERYTHING: readonly Action[] = lists("agents", "frameworks", "tasks", "executors");
