/** Who makes a request: a Mesos principal, and the user that Kubernetes knows it as. */
export interface Principal {
  /** As in FrameworkInfo.principal. */
  readonly name: string;
  /** Whom a SubjectAccessReview is about. */
  readonly user: User;
  /** Where its frameworks live; absent: the gateway's own choice. */
  readonly namespace?: string;
}

export interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/**
 * Anonymous is a person too, but nobody's principal. "unauthenticated": the credentials, or their absence, let nobody in.
 */
export type Authentication =
  | { readonly kind: "principal"; readonly principal: Principal }
  | { readonly kind: "anonymous" }
  | { readonly kind: "unauthenticated" };

/** One way to tell who it is. */
export interface Authenticator {
  /** The scheme of the header Authorization that it understands, in small letters: basic, bearer. */
  readonly scheme: string;
  /** Undefined: these credentials are nobody's. Rejects when it cannot be told now. */
  authenticate(credentials: string): Promise<Principal | undefined>;
}

/** By the header Authorization. No header is anonymous, where that is allowed. */
export async function authenticate(
  authenticators: readonly Authenticator[],
  allowAnonymous: boolean,
  header: string | undefined,
): Promise<Authentication> {
  if (header === undefined) return { kind: allowAnonymous ? "anonymous" : "unauthenticated" };
  const space = header.indexOf(" ");
  const scheme = header.slice(0, Math.max(space, 0)).toLowerCase();
  const found = authenticators.find((one) => one.scheme === scheme);
  const principal = await found?.authenticate(header.slice(space + 1).trim());
  return principal === undefined ? { kind: "unauthenticated" } : { kind: "principal", principal };
}
