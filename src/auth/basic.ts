import { createHash, timingSafeEqual } from "node:crypto";
import { GROUP } from "../api/group.ts";
import type { Secret } from "../cluster/core.ts";
import type { Live } from "../cluster/object.ts";
import type { Resource } from "../cluster/resource.ts";
import type { Clock } from "../cluster/time.ts";
import type { Authenticator, Principal } from "./authenticator.ts";

/** Marks a Secret of type kubernetes.io/basic-auth as the credential of a Mesos principal. */
export const CREDENTIAL_LABEL = `${GROUP}/credential`;
/** On such a Secret: the namespace of the principal's frameworks. */
export const NAMESPACE_ANNOTATION = `${GROUP}/namespace`;
/** Principals are users of their own to Kubernetes: what they may do is bound to this name, or to the group. */
export const USER_PREFIX = `${GROUP}:principal:`;
export const PRINCIPALS_GROUP = `${GROUP}:principals`;

/** Milliseconds for which a list of the credentials is believed. */
const BELIEVED = 5_000;

interface Credential {
  readonly digest: Buffer;
  readonly principal: Principal;
}
type Credentials = ReadonlyMap<string, Credential>;

/** HTTP basic: the credentials are Secrets in the operator's namespace, one a principal. */
export class SecretAuthenticator implements Authenticator {
  readonly scheme = "basic";
  readonly #secrets: Pick<Resource<Secret>, "list">;
  readonly #namespace: string;
  readonly #clock: Clock;
  #known: { readonly at: number; readonly credentials: Promise<Credentials> } | undefined;

  constructor(secrets: Pick<Resource<Secret>, "list">, namespace: string, clock: Clock) {
    this.#secrets = secrets;
    this.#namespace = namespace;
    this.#clock = clock;
  }

  async authenticate(credentials: string): Promise<Principal | undefined> {
    return principalOf(await this.#credentials(), credentials);
  }

  #credentials(): Promise<Credentials> {
    const now = this.#clock.monotonic();
    if (this.#known !== undefined && now - this.#known.at < BELIEVED) return this.#known.credentials;
    const credentials = this.#read();
    this.#known = { at: now, credentials };
    credentials.catch(() => {
      this.#known = undefined;
    });
    return credentials;
  }

  async #read(): Promise<Credentials> {
    const labelSelector = `${CREDENTIAL_LABEL}=true`;
    const { items } = await this.#secrets.list({ namespace: this.#namespace, labelSelector });
    return readCredentials(items);
  }
}

/** By user name. */
export const readCredentials = (secrets: readonly Live<Secret>[]): Credentials =>
  new Map(secrets.flatMap((secret) => entry(secret) ?? []));

/** Whose `user:password` in base64 this is. */
export function principalOf(known: Credentials, credentials: string): Principal | undefined {
  const text = Buffer.from(credentials, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 1) return undefined;
  const found = known.get(text.slice(0, colon));
  // Compared whoever it is, so that the time tells nothing.
  const same = timingSafeEqual(digestOf(text.slice(colon + 1)), found?.digest ?? digestOf(""));
  return same ? found?.principal : undefined;
}

/** Of a Secret without a user name or with an empty password: nothing. */
function entry({ metadata, data, type }: Live<Secret>): [string, Credential][] | undefined {
  const name = decoded(data?.username);
  const password = decoded(data?.password);
  if (type !== "kubernetes.io/basic-auth" || name === "" || password === "") return undefined;
  const namespace = metadata.annotations?.[NAMESPACE_ANNOTATION];
  const user = { username: `${USER_PREFIX}${name}`, groups: [PRINCIPALS_GROUP, "system:authenticated"] };
  const principal: Principal = { name, user, ...(namespace !== undefined && { namespace }) };
  return [[name, { digest: digestOf(password), principal }]];
}

const decoded = (value: string | undefined): string => Buffer.from(value ?? "", "base64").toString("utf8");
const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();
