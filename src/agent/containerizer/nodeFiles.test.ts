import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { prepareNodeFiles, resolvConf } from "./nodeFiles.ts";
import type { ContainerSpec } from "./spec.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "node-"));
  mkdirSync(join(root, "etc"));
  mkdirSync(join(root, "run/systemd/resolve"), { recursive: true });
  mkdirSync(join(root, "own"));
});
afterEach(() => rmSync(root, { recursive: true }));

const spec: ContainerSpec = {
  id: "t1",
  labels: {},
  env: {},
  network: { type: "host" },
  limits: { cpus: 1 },
  stdout: "/o",
  stderr: "/e",
};
const prepare = (each: Partial<ContainerSpec>, addresses: string[] = []) =>
  prepareNodeFiles({ ...spec, ...each }, addresses, join(root, "own"), root);

test("on the node's network the node's files are used, those that it has", async () => {
  expect(await prepare({})).toEqual({});
  for (const name of ["etc/hosts", "etc/resolv.conf"]) writeFileSync(join(root, name), "");
  expect(await prepare({})).toEqual({ hosts: "/etc/hosts", resolvConf: "/etc/resolv.conf" });
});

test("a network of its own has its own names", async () => {
  const files = await prepare({ network: { type: "cni" }, hostname: "h" }, ["10.0.0.2"]);
  expect(readFileSync(files.hosts ?? "", "utf8")).toContain("10.0.0.2\th\n");
  expect(readFileSync(files.hostname ?? "", "utf8")).toBe("h\n");
});

test("a resolver on the node's loopback is passed by", async () => {
  for (const name of ["etc/resolv.conf", "run/systemd/resolve/resolv.conf"])
    writeFileSync(join(root, name), "");
  expect((await prepare({ network: { type: "none" } })).resolvConf).toBe("/run/systemd/resolve/resolv.conf");
  expect((await prepare({})).resolvConf).toBe("/etc/resolv.conf");
});

test("resolv.conf is what was asked for and no more", async () => {
  const dns = { nameservers: ["192.0.2.1", "192.0.2.2"], searches: ["a", "b.c"], options: ["ndots:5"] };
  expect(resolvConf(dns)).toBe("search a b.c\nnameserver 192.0.2.1\nnameserver 192.0.2.2\noptions ndots:5\n");
  expect(() => resolvConf({ nameservers: ["192.0.2.1\nsearch evil"] })).toThrow("blanks");
  const files = await prepare({ dns: { nameservers: ["192.0.2.1"] } });
  expect(readFileSync(files.resolvConf ?? "", "utf8")).toBe("nameserver 192.0.2.1\n");
});
