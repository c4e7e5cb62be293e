import type { LookupAddress, LookupOptions } from "node:dns";
import { lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { FetchError } from "./errors.ts";

/** What only the node itself can reach, or what cloud providers tell a node in confidence (169.254.169.254). */
const NODE_LOCAL = new BlockList();
NODE_LOCAL.addSubnet("0.0.0.0", 8, "ipv4");
NODE_LOCAL.addSubnet("127.0.0.0", 8, "ipv4");
NODE_LOCAL.addSubnet("169.254.0.0", 16, "ipv4");
NODE_LOCAL.addAddress("::", "ipv6");
NODE_LOCAL.addAddress("::1", "ipv6");
NODE_LOCAL.addSubnet("fe80::", 10, "ipv6");

/** Loopback and link-local addresses, also as IPv4 mapped into IPv6. */
export function isNodeLocal(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, "");
  const version = isIP(plain);
  return version !== 0 && NODE_LOCAL.check(plain, version === 4 ? "ipv4" : "ipv6");
}

const refusal = (host: string) =>
  new FetchError(`${host} is an address of the node itself, which this namespace's tasks may not fetch from`);

/** Throws for a host that is itself a forbidden address; names are judged when they are resolved, see guardedLookup. */
export function refuseNodeLocal(host: string): void {
  if (isNodeLocal(host)) throw refusal(host);
}

/** dns.lookup that fails for names of node-local addresses: judged at the moment of connecting, so no name can change in between. */
export const guardedLookup: LookupFunction = (hostname, options: LookupOptions, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
    if (error) return callback(error, "", 0);
    if (found.some(({ address }) => isNodeLocal(address))) return callback(refusal(hostname), "", 0);
    const [first] = found;
    if (options.all) return callback(null, found);
    return callback(null, first?.address ?? "", first?.family ?? 0);
  });
};
