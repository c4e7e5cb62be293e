/** Paths of Mesos's master that are served here, each below /master too; without that and without an old `.json`. */
const SERVED: ReadonlySet<string> = new Set([
  ...["/state", "/state-summary", "/slaves", "/frameworks", "/roles", "/tasks"],
  ...["/metrics/snapshot", "/flags", "/weights", "/quota", "/teardown"],
  ...["/maintenance/schedule", "/maintenance/status", "/machine/up", "/machine/down"],
  ...["/reserve", "/unreserve", "/create-volumes", "/destroy-volumes"],
]);

type PathKind =
  | { readonly kind: "scheduler" }
  | { readonly kind: "operator" }
  /** Whoever asks, whichever replica. */
  | { readonly kind: "open"; readonly path: "/health" | "/version" | "/redirect" }
  /** Of v0; /quota/<role> is /quota with a rest. */
  | { readonly kind: "v0"; readonly path: string; readonly rest: string };

/** Undefined: nothing is served there. */
export function kindOf(path: string): PathKind | undefined {
  const plain = path.startsWith("/master/") ? path.slice("/master".length) : path;
  if (plain === "/api/v1/scheduler") return { kind: "scheduler" };
  if (plain === "/api/v1") return { kind: "operator" };
  if (plain === "/health" || plain === "/version" || plain === "/redirect")
    return { kind: "open", path: plain };
  const short = plain.replace(/\.json$/, "");
  if (SERVED.has(short)) return { kind: "v0", path: short, rest: "" };
  const [, rest] = /^\/quota\/(.+)$/.exec(plain) ?? [];
  return rest === undefined ? undefined : { kind: "v0", path: "/quota", rest: decoded(rest) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
