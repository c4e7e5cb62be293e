import { createHash } from "node:crypto";
import type { Connection } from "../cluster/connection.ts";
import type { Clock } from "../cluster/time.ts";
import type { Authenticator, Principal, User } from "./authenticator.ts";

/** Milliseconds for which the API server's word on a token holds. */
const BELIEVED = 10_000;
const MOST_KEPT = 1_000;

interface Review {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: {
      readonly username?: string;
      readonly uid?: string;
      readonly groups?: readonly string[];
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
  };
}

/** Bearer tokens of Kubernetes, by TokenReview. The principal is the user's name; a service account's frameworks live in its namespace. */
export class TokenAuthenticator implements Authenticator {
  readonly scheme = "bearer";
  readonly #connection: Pick<Connection, "call">;
  readonly #clock: Clock;
  readonly #audiences: readonly string[] | undefined;
  readonly #kept = new Map<string, { readonly until: number; readonly principal: Principal }>();

  /** @param audiences whom a token must be for, one of them; absent: the API server */
  constructor(connection: Pick<Connection, "call">, clock: Clock, audiences?: readonly string[]) {
    this.#audiences = audiences;
    this.#connection = connection;
    this.#clock = clock;
  }

  async authenticate(token: string): Promise<Principal | undefined> {
    const key = createHash("sha256").update(token).digest("hex");
    const kept = this.#kept.get(key);
    const now = this.#clock.monotonic();
    if (kept !== undefined && kept.until > now) return kept.principal;
    this.#kept.delete(key);
    const principal = await this.#review(token);
    if (principal === undefined) return undefined;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= MOST_KEPT) this.#kept.delete(oldest);
    this.#kept.set(key, { until: now + BELIEVED, principal });
    return principal;
  }

  async #review(token: string): Promise<Principal | undefined> {
    const audiences = this.#audiences;
    const { status } = (await this.#connection.call({
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/tokenreviews",
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token, ...(audiences && { audiences }) },
      },
    })) as Review;
    const { username, uid, groups, extra } = status?.user ?? {};
    if (status?.authenticated !== true || username === undefined) return undefined;
    const user: User = {
      username,
      ...(uid !== undefined && { uid }),
      ...(groups && { groups }),
      ...(extra && { extra }),
    };
    const namespace = /^system:serviceaccount:([^:]+):[^:]+$/.exec(username)?.[1];
    return { name: username, user, ...(namespace !== undefined && { namespace }) };
  }
}
