import * as z from "zod";
import type { DockerAuth, DockerConfig } from "./provisioner.ts";
import type { ImageReference } from "./reference.ts";

/** Credentials are not what they should be. The message never holds a value of the Secret. */
export class DockerConfigError extends Error {
  override readonly name = "DockerConfigError";
}

const auth = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
});
const config = z.object({ auths: z.record(z.string(), auth) });

/** Parses the value of `.dockerconfigjson`, or of the older `.dockercfg` that is its `auths` alone. Throws DockerConfigError. */
export function parseDockerConfig(json: string): DockerConfig {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The parser's message quotes the text, which is secret.
    throw new DockerConfigError("not JSON");
  }
  const parsed = config.safeParse(value);
  if (parsed.success) return clean(parsed.data.auths);
  const old = z.record(z.string(), auth).safeParse(value);
  if (old.success && !Object.hasOwn(old.data, "auths")) return clean(old.data);
  throw new DockerConfigError("no map of registries to credentials under auths");
}

function clean(auths: Record<string, z.infer<typeof auth>>): DockerConfig {
  return {
    auths: Object.fromEntries(
      Object.entries(auths).map(([registry, entry]) => [
        registry,
        Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined)),
      ]),
    ),
  };
}

/** `refresh` is an identity token to be exchanged at the registry's token server. */
export type Credentials =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "refresh"; readonly token: string };

/** Docker Hub under the names it has had. */
const HUB = new Set(["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"]);

/**
 * The credentials for an image, by the rules of Kubernetes' keyring (pkg/credentialprovider/keyring.go): keys may be URLs, hold `*` for one
 * label of the host, and a path that must be a prefix; the longest path wins, then the order given.
 */
export function credentialsFor(
  configs: readonly DockerConfig[],
  reference: ImageReference,
): Credentials | undefined {
  for (const { credentials } of matches(configs, reference)) return credentials;
  return undefined;
}

/**
 * The configurations without the credentials that credentialsFor takes, for when the registry refuses them; undefined when there are
 * no others for the image. The kubelet tries all that match in turn, too.
 */
export function otherCredentials(
  configs: readonly DockerConfig[],
  reference: ImageReference,
): readonly DockerConfig[] | undefined {
  const [first, ...others] = matches(configs, reference);
  if (first === undefined || others.length === 0) return undefined;
  return configs.map((config) => {
    const auths = Object.entries(config.auths).filter(([, entry]) => entry !== first.entry);
    return { auths: Object.fromEntries(auths) };
  });
}

function matches(configs: readonly DockerConfig[], reference: ImageReference) {
  return configs
    .flatMap((each) => Object.entries(each.auths))
    .flatMap(([key, entry]) => {
      const { host, path } = parseKey(key);
      const credentials = toCredentials(entry);
      return credentials && hostMatches(host, reference.domain) && pathMatches(path, reference.path)
        ? [{ length: path.length, entry, credentials }]
        : [];
    })
    .sort((a, b) => b.length - a.length);
}

function parseKey(key: string): { host: string; path: string } {
  const [host = "", ...path] = key.replace(/^https?:\/\//, "").split("/");
  // Docker's own files name a registry by its API's URL.
  const joined = path.filter((part) => part !== "").join("/");
  return { host, path: /^v[12]$/.test(joined) ? "" : joined };
}

function hostMatches(pattern: string, host: string): boolean {
  if (HUB.has(pattern) && HUB.has(host)) return true;
  const [wanted = "", wantedPort] = splitPort(pattern);
  const [actual = "", actualPort] = splitPort(host);
  if (wantedPort !== actualPort) return false;
  const labels = wanted.split(".");
  const actualLabels = actual.split(".");
  return (
    labels.length === actualLabels.length &&
    labels.every((label, i) => globMatches(label, actualLabels[i] ?? ""))
  );
}

function globMatches(pattern: string, text: string): boolean {
  const parts = pattern.split("*");
  if (parts.length === 1) return pattern === text;
  const [first = ""] = parts;
  const last = parts.at(-1) ?? "";
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

function splitPort(host: string): [string, string | undefined] {
  const match = /^(.*):(\d+)$/.exec(host);
  return match?.[1] === undefined ? [host, undefined] : [match[1], match[2]];
}

function pathMatches(prefix: string, path: string): boolean {
  return prefix === "" || path === prefix || path.startsWith(`${prefix}/`);
}

function toCredentials(entry: DockerAuth): Credentials | undefined {
  if (entry.identitytoken) return { kind: "refresh", token: entry.identitytoken };
  if (entry.username !== undefined && entry.password !== undefined && entry.username !== "") {
    return { kind: "basic", username: entry.username, password: entry.password };
  }
  if (!entry.auth) return undefined;
  const decoded = Buffer.from(entry.auth, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  if (colon <= 0) return undefined;
  return {
    kind: "basic",
    username: decoded.slice(0, colon),
    password: decoded.slice(colon + 1).replace(/\0+$/, ""),
  };
}
