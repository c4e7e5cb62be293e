import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { NetworkError } from "../../containerizer/errors.ts";

/** A plugin's own settings are passed on as they are. */
const plugin = z.looseObject({
  type: z.string().regex(/^[^/]+$/),
  capabilities: z.record(z.string(), z.boolean()).optional(),
});
export type PluginConfig = z.infer<typeof plugin>;

const list = z.object({
  cniVersion: z.string().default("0.2.0"),
  name: z.string().regex(/^[A-Za-z0-9][\w.-]*$/),
  disableCheck: z.boolean().optional(),
  plugins: z.array(plugin).min(1),
});
export type NetworkList = z.infer<typeof list>;

/** A *.conflist, or a *.conf of one plugin, which is a list of one (CNI spec, section 1). */
export function parseNetwork(text: string): NetworkList {
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null && !("plugins" in value)) {
    const { cniVersion, name, ...rest }: { cniVersion?: unknown; name?: unknown } = value;
    return list.parse({ cniVersion, name, plugins: [rest] });
  }
  return list.parse(value);
}

/**
 * The network of that name, or without a name the first of the folder in the order of file names, as container engines choose. Files that
 * do not parse are passed over. Throws NetworkError.
 */
export async function findNetwork(folder: string, name: string | undefined): Promise<NetworkList> {
  const files = await readdir(folder).catch((cause) => {
    throw new NetworkError(`the CNI configuration folder cannot be read: ${cause.message}`, { cause });
  });
  const seen: string[] = [];
  for (const file of files.filter((each) => /\.(conflist|conf|json)$/.test(each)).sort()) {
    let network: NetworkList;
    try {
      network = parseNetwork(await readFile(join(folder, file), "utf8"));
    } catch {
      continue;
    }
    if (name === undefined || network.name === name) return network;
    seen.push(network.name);
  }
  throw new NetworkError(
    name === undefined
      ? "the node has no CNI configuration"
      : `the node has no CNI network "${name}"; it has ${seen.join(", ") || "none"}`,
  );
}
