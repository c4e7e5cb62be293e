import { access } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { NetworkError } from "../../containerizer/errors.ts";
import { runCommand } from "./command.ts";
import type { NetworkList, PluginConfig } from "./config.ts";

export type CniVerb = "ADD" | "DEL" | "CHECK";

export interface NodeAccess {
  /** A process in the node's mount and network namespaces: containerd itself. */
  readonly pid: number;
  /** The node's root as seen here: /proc/<pid>/root. */
  readonly root: string;
}

export interface PluginCall {
  readonly verb: CniVerb;
  readonly containerId: string;
  /** "" in a DEL whose namespace is gone. */
  readonly netns: string;
  readonly ifname: string;
  /** Folders on the node. */
  readonly binDirs: readonly string[];
  readonly network: Pick<NetworkList, "cniVersion" | "name">;
  readonly plugin: PluginConfig;
  /** By capability, e.g. { portMappings: […] }. */
  readonly runtimeConfig: Readonly<Record<string, unknown>>;
  readonly prevResult?: unknown;
}

/** What matters of a result of spec 0.3.0 and later; the whole of it is handed to the next plugin. */
const result = z.looseObject({ ips: z.array(z.looseObject({ address: z.string() })).optional() });
export type CniResult = z.infer<typeof result>;

const failure = z.looseObject({ code: z.number(), msg: z.string(), details: z.string().optional() });

const TIMEOUT_MS = 60_000;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The configuration on a plugin's stdin: its own, with what the list and the caller add (CNI spec, section 4). */
export function pluginInput(call: PluginCall): Record<string, unknown> {
  const { capabilities, ...plugin } = call.plugin;
  const asked = Object.entries(call.runtimeConfig).filter(([name]) => capabilities?.[name] === true);
  return {
    ...plugin,
    cniVersion: call.network.cniVersion,
    name: call.network.name,
    ...(asked.length > 0 ? { runtimeConfig: Object.fromEntries(asked) } : {}),
    ...(call.prevResult === undefined ? {} : { prevResult: call.prevResult }),
  };
}

/**
 * Runs one plugin in the node's mount and network namespaces, by nsenter. Returns its result for an ADD. Throws NetworkError with the
 * plugin's own words.
 */
export async function runPlugin(node: NodeAccess, call: PluginCall): Promise<CniResult | undefined> {
  const { type } = call.plugin;
  const program = await findProgram(node, call.binDirs, type);
  if (program === undefined) throw missingPlugin(type, call.binDirs);
  const { code, stdout, stderr } = await runCommand(
    ["nsenter", "-t", String(node.pid), "-m", "-n", "--", program],
    {
      stdin: JSON.stringify(pluginInput(call)),
      timeoutMs: TIMEOUT_MS,
      env: {
        PATH,
        CNI_COMMAND: call.verb,
        CNI_CONTAINERID: call.containerId,
        CNI_NETNS: call.netns,
        CNI_IFNAME: call.ifname,
        CNI_PATH: call.binDirs.join(":"),
        CNI_ARGS: "IgnoreUnknown=1",
      },
    },
  ).catch((cause) => {
    throw new NetworkError(`nsenter could not be run: ${cause.message}`, { cause });
  });
  if (code !== 0)
    throw new NetworkError(`CNI plugin ${type} failed to ${call.verb}: ${explain(code, stdout, stderr)}`);
  if (call.verb !== "ADD") return undefined;
  try {
    return result.parse(JSON.parse(stdout));
  } catch (cause) {
    throw new NetworkError(`CNI plugin ${type} gave no result`, { cause });
  }
}

/** The plugin's path on the node, or undefined. */
export async function findProgram(
  node: NodeAccess,
  binDirs: readonly string[],
  type: string,
): Promise<string | undefined> {
  for (const folder of binDirs) {
    const path = join(folder, type);
    const exists = await access(join(node.root, path)).then(
      () => true,
      () => false,
    );
    if (exists) return path;
  }
  return undefined;
}

export function missingPlugin(type: string, binDirs: readonly string[]): NetworkError {
  return new NetworkError(`CNI plugin ${type} is not in ${binDirs.join(", ")}`);
}

function explain(code: number | null, stdout: string, stderr: string): string {
  if (code === null) return "it did not end in time";
  try {
    const { msg, details } = failure.parse(JSON.parse(stdout));
    return details ? `${msg}: ${details}` : msg;
  } catch {
    return stderr.trim() || stdout.trim() || `exit code ${code}`;
  }
}
