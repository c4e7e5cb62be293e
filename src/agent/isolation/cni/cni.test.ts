import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findNetwork, parseNetwork } from "./config.ts";
import { addressesOf } from "./networks.ts";
import { pluginInput } from "./plugin.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "net.d-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a configuration of one plugin is a list of one", () => {
  const text = '{"cniVersion":"1.0.0","name":"n","type":"bridge","bridge":"b0","ipam":{"type":"host-local"}}';
  expect(parseNetwork(text)).toEqual({
    cniVersion: "1.0.0",
    name: "n",
    plugins: [{ type: "bridge", bridge: "b0", ipam: { type: "host-local" } }],
  });
});

test("a plugin's type is no path", () => {
  expect(() => parseNetwork('{"name":"n","plugins":[{"type":"../../bin/sh"}]}')).toThrow();
});

test("the first file that parses is the default, and a name finds its own", async () => {
  writeFileSync(join(folder, "00-broken.conf"), "not JSON");
  writeFileSync(join(folder, "01-readme.txt"), '{"name":"text","type":"x"}');
  writeFileSync(join(folder, "20-second.conf"), '{"name":"second","type":"x"}');
  writeFileSync(join(folder, "10-first.conflist"), '{"name":"first","plugins":[{"type":"x"}]}');
  expect((await findNetwork(folder, undefined)).name).toBe("first");
  expect((await findNetwork(folder, "second")).name).toBe("second");
  await expect(findNetwork(folder, "third")).rejects.toThrow('no CNI network "third"; it has first, second');
  await expect(findNetwork(join(folder, "none"), undefined)).rejects.toThrow("cannot be read");
});

test("a plugin is told what the list says and what it can use", () => {
  const call = {
    verb: "ADD",
    containerId: "c",
    netns: "/ns",
    ifname: "eth0",
    binDirs: [],
    network: { cniVersion: "1.0.0", name: "n" },
    runtimeConfig: { portMappings: [{ hostPort: 1 }], bandwidth: {} },
    prevResult: { ips: [] },
  } as const;
  const plugin = { type: "portmap", snat: true, capabilities: { portMappings: true, bandwidth: false } };
  expect(pluginInput({ ...call, plugin })).toEqual({
    type: "portmap",
    snat: true,
    cniVersion: "1.0.0",
    name: "n",
    runtimeConfig: { portMappings: [{ hostPort: 1 }] },
    prevResult: { ips: [] },
  });
  expect(pluginInput({ ...call, plugin: { type: "bridge" } })).not.toHaveProperty("runtimeConfig");
});

test("addresses have no prefix length", () => {
  expect(addressesOf({ ips: [{ address: "10.0.0.2/24" }, { address: "fd00::2/64" }] })).toEqual([
    "10.0.0.2",
    "fd00::2",
  ]);
  expect(addressesOf(undefined)).toEqual([]);
});
