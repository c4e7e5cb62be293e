import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { NetworkError } from "../../containerizer/errors.ts";
import type { PortMapping } from "../../containerizer/spec.ts";
import { runCommand } from "./command.ts";
import { findNetwork, type NetworkList } from "./config.ts";
import {
  type CniResult,
  type CniVerb,
  findProgram,
  missingPlugin,
  type NodeAccess,
  runPlugin,
} from "./plugin.ts";

export interface NetworksOptions {
  /** On the node. */
  readonly confDir: string;
  readonly binDirs: readonly string[];
  /** Holds the network namespaces; its mounts must reach the node (mountPropagation: Bidirectional). */
  readonly netnsDir: string;
  readonly node: () => Promise<NodeAccess>;
}

export interface Attachment {
  /** A path on the node. */
  readonly netns: string;
  readonly addresses: readonly string[];
}

const IFNAME = "eth0";
const LOOPBACK: NetworkList = { cniVersion: "1.0.0", name: "loopback", plugins: [{ type: "loopback" }] };
const MOUNT_TIMEOUT_MS = 30_000;

/** What a DEL needs, written before the ADD: after a crash in between there may be something to undo. */
const stateSchema = z.object({
  network: z.custom<NetworkList>((value) => typeof value === "object" && value !== null),
  runtimeConfig: z.record(z.string(), z.unknown()),
  netns: z.string(),
  result: z.custom<CniResult>().optional(),
});
type State = z.infer<typeof stateSchema>;

/**
 * Network namespaces of tasks and their attachment to a CNI network. A namespace is held by a mount and not by the task's processes, so that
 * plugins find it when they clean up after the task has ended.
 */
export class Networks {
  readonly #options: NetworksOptions;

  constructor(options: NetworksOptions) {
    this.#options = options;
  }

  /** Makes the namespace and runs ADD; on failure all of it is undone. `stateFile` must not exist yet. */
  async attach(
    containerId: string,
    network: { readonly name?: string; readonly portMappings?: readonly PortMapping[] },
    stateFile: string,
  ): Promise<Attachment> {
    const node = await this.#options.node();
    const list = await findNetwork(join(node.root, this.#options.confDir), network.name);
    await this.#requirePlugins(node, [...LOOPBACK.plugins, ...list.plugins]);
    const runtimeConfig = portMappingsConfig(list, network.portMappings ?? []);
    const netns = join(this.#options.netnsDir, containerId);
    const state: State = { network: list, runtimeConfig, netns };
    await save(stateFile, state);
    try {
      await makeNamespace(netns);
      await this.#run(node, "ADD", containerId, { ...state, network: LOOPBACK, runtimeConfig: {} }, "lo");
      const result = await this.#run(node, "ADD", containerId, state, IFNAME);
      await save(stateFile, { ...state, result });
      return { netns, addresses: addressesOf(result) };
    } catch (error) {
      // The first failure is the one to tell; the next detach tries again.
      await this.detach(containerId, stateFile).catch(() => {});
      throw error;
    }
  }

  /** Runs DEL and removes the namespace; nothing to do is no error. May be repeated until it succeeds. */
  async detach(containerId: string, stateFile: string): Promise<void> {
    const state = await load(stateFile);
    if (state === undefined) return;
    const node = await this.#options.node();
    const alive = await isNamespace(state.netns);
    const { plugins } = state.network;
    // One whose program the node no longer has cannot be asked, and must not keep the others from cleaning up.
    const present = await Promise.all(
      plugins.map(({ type }) => findProgram(node, this.#options.binDirs, type)),
    );
    const network = { ...state.network, plugins: plugins.filter((_, i) => present[i] !== undefined) };
    const netns = alive ? state.netns : "";
    await this.#run(node, "DEL", containerId, { ...state, network, netns }, IFNAME);
    await removeNamespace(state.netns);
    await rm(stateFile, { force: true });
  }

  /** Asks the plugins whether the attachment still stands. Throws NetworkError if not. */
  async check(containerId: string, stateFile: string): Promise<void> {
    const state = await load(stateFile);
    if (state?.result === undefined) throw new NetworkError("the container is not attached to a network");
    if (state.network.disableCheck) return;
    await this.#run(await this.#options.node(), "CHECK", containerId, state, IFNAME);
  }

  async #requirePlugins(node: NodeAccess, plugins: NetworkList["plugins"]): Promise<void> {
    for (const { type } of plugins) {
      if ((await findProgram(node, this.#options.binDirs, type)) === undefined) {
        throw missingPlugin(type, this.#options.binDirs);
      }
    }
  }

  /** ADD and CHECK go through the list forwards, DEL backwards. */
  async #run(
    node: NodeAccess,
    verb: CniVerb,
    containerId: string,
    { network, runtimeConfig, netns, result }: State,
    ifname: string,
  ): Promise<CniResult | undefined> {
    let prevResult = verb === "ADD" ? undefined : result;
    const plugins = verb === "DEL" ? network.plugins.toReversed() : network.plugins;
    const { binDirs } = this.#options;
    for (const plugin of plugins) {
      const call = { verb, containerId, netns, ifname, binDirs, network, plugin, runtimeConfig };
      const answer = await runPlugin(node, prevResult === undefined ? call : { ...call, prevResult });
      if (verb === "ADD") prevResult = answer;
    }
    return prevResult;
  }
}

function portMappingsConfig(list: NetworkList, mappings: readonly PortMapping[]): Record<string, unknown> {
  if (mappings.length === 0) return {};
  if (!list.plugins.some((plugin) => plugin.capabilities?.portMappings === true)) {
    throw new NetworkError(`CNI network "${list.name}" has no plugin that maps ports`);
  }
  return { portMappings: mappings };
}

/** Without the prefix length. */
export function addressesOf(result: CniResult | undefined): string[] {
  return (result?.ips ?? []).map(({ address }) => address.split("/")[0] ?? address);
}

/** A new namespace bound to a file, as ip-netns(8) keeps them. */
async function makeNamespace(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, "", { flag: "wx" });
  await mounting(["unshare", `--net=${path}`, "true"]);
}

async function removeNamespace(path: string): Promise<void> {
  if (await isNamespace(path)) await mounting(["umount", "-l", path]);
  await rm(path, { force: true });
}

async function mounting(argv: readonly string[]): Promise<void> {
  const env = { PATH: process.env.PATH ?? "" };
  const { code, stderr } = await runCommand(argv, { env, timeoutMs: MOUNT_TIMEOUT_MS });
  if (code !== 0) throw new NetworkError(`${argv[0]} failed: ${stderr.trim() || `exit code ${code}`}`);
}

/** A file of the mount's folder lies on another file system than the namespace bound over it. */
async function isNamespace(path: string): Promise<boolean> {
  const [file, folder] = await Promise.all([statOrGone(path), statOrGone(dirname(path))]);
  return file !== undefined && folder !== undefined && file.dev !== folder.dev;
}

async function statOrGone(path: string) {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

async function load(path: string): Promise<State | undefined> {
  try {
    return stateSchema.parse(JSON.parse(await readFile(path, "utf8"))) as State;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function save(path: string, state: State): Promise<void> {
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(JSON.stringify(state));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
