import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasOwnNetwork } from "./buildSpec.ts";
import { InvalidSpecError } from "./errors.ts";
import type { NodeFiles } from "./mounts.ts";
import type { ContainerSpec, Dns } from "./spec.ts";

/** systemd-resolved listens on the node's loopback, which a network of its own does not reach; here are the servers behind it. */
const RESOLVED_CONF = "/run/systemd/resolve/resolv.conf";

/** resolv.conf(5) */
export function resolvConf(dns: Dns): string {
  for (const value of [...dns.nameservers, ...(dns.searches ?? []), ...(dns.options ?? [])]) {
    if (/\s/.test(value) || value === "")
      throw new InvalidSpecError(`DNS setting ${JSON.stringify(value)} holds blanks`);
  }
  const line = (key: string, values: readonly string[] = []) =>
    values.length > 0 ? [`${key} ${values.join(" ")}`] : [];
  return `${[
    ...line("search", dns.searches),
    ...dns.nameservers.map((server) => `nameserver ${server}`),
    ...line("options", dns.options),
  ].join("\n")}\n`;
}

/** hosts(5) of a container with its own network. */
export function hostsFile(hostname: string, addresses: readonly string[]): string {
  return [
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    ...addresses.map((address) => `${address}\t${hostname}`),
    "",
  ].join("\n");
}

/**
 * The files bound over the image's own, written into `folder` where they are not the node's. `hostRoot` is the node's root as seen here;
 * what the node lacks is left out.
 */
export async function prepareNodeFiles(
  spec: ContainerSpec,
  addresses: readonly string[],
  folder: string,
  hostRoot: string,
): Promise<NodeFiles> {
  const own = hasOwnNetwork(spec.network);
  const onNode = async (...paths: string[]): Promise<string | undefined> => {
    for (const path of paths) {
      const exists = await access(join(hostRoot, path)).then(
        () => true,
        () => false,
      );
      if (exists) return path;
    }
    return undefined;
  };
  const written = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o644 });
    return path;
  };

  const hostname = spec.hostname ?? spec.id;
  const resolv =
    spec.dns === undefined
      ? await onNode(...(own ? [RESOLVED_CONF] : []), "/etc/resolv.conf")
      : await written("resolv.conf", resolvConf(spec.dns));
  const hosts = own ? await written("hosts", hostsFile(hostname, addresses)) : await onNode("/etc/hosts");
  return {
    ...(resolv === undefined ? {} : { resolvConf: resolv }),
    ...(hosts === undefined ? {} : { hosts }),
    ...(own ? { hostname: await written("hostname", `${hostname}\n`) } : {}),
  };
}
