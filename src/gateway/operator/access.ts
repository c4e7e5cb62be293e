import type { Principal, User } from "../../auth/authenticator.ts";
import { type Action, type Authorizer, describeAction } from "../../auth/authorizer.ts";
import type { Clock } from "../../cluster/time.ts";
import { type Answer, forbidden } from "../../http/answer.ts";

/** Who gives no credentials is Kubernetes' own nobody, and may do what RBAC lets that one. */
const ANONYMOUS: User = { username: "system:anonymous", groups: ["system:unauthenticated"] };

/** Milliseconds for which what was allowed, or not, is believed: pollers ask the same again and again. */
const BELIEVED = 5_000;
const MOST_KEPT = 10_000;

/** What callers of the operator API and of the v0 paths may do. */
export class Access {
  readonly #authorizer: Authorizer;
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly at: number; readonly allowed: Promise<boolean> }>();

  constructor(authorizer: Authorizer, clock: Clock) {
    this.#authorizer = authorizer;
    this.#clock = clock;
  }

  /** Why it is not done; undefined: all of it is allowed. */
  async refusal(principal: Principal | undefined, actions: readonly Action[]): Promise<Answer | undefined> {
    const user = principal?.user ?? ANONYMOUS;
    try {
      const allowed = await Promise.all(actions.map((action) => this.#allows(user, action)));
      const refused = actions.find((_, i) => !allowed[i]);
      return refused && forbidden(`Not authorized to ${describeAction(refused)}`);
    } catch {
      return { status: 503, body: "what the caller may do cannot be checked now" };
    }
  }

  #allows(user: User, action: Action): Promise<boolean> {
    const key = JSON.stringify([user, action]);
    const now = this.#clock.monotonic();
    const known = this.#known.get(key);
    if (known !== undefined && now - known.at < BELIEVED) return known.allowed;
    if (this.#known.size >= MOST_KEPT) this.#known.clear();
    const allowed = this.#authorizer.allows(user, action);
    this.#known.set(key, { at: now, allowed });
    allowed.catch(() => this.#known.delete(key));
    return allowed;
  }
}

/** Reading is listing, in all namespaces, each kind that the answer shows. */
export const lists = (...resources: readonly string[]): Action[] =>
  resources.map((resource) => ({ verb: "list", resource }));

/** Of the whole state. */
export const EVERYTHING: readonly Action[] = lists("agents", "frameworks", "tasks", "executors");
