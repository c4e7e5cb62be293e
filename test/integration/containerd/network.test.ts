import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../../hack/devcluster/command.ts";
import {
  ContainerLaunchError,
  InvalidSpecError,
  NetworkError,
} from "../../../src/agent/containerizer/errors.ts";
import type { ContainerRuntime } from "../../../src/agent/containerizer/open.ts";
import type { ContainerSpec, Network } from "../../../src/agent/containerizer/spec.ts";
import { Networks } from "../../../src/agent/isolation/cni/networks.ts";
import type { ImageConfig } from "../../../src/agent/provisioner/provisioner.ts";
import { BUSYBOX_IMAGE, PrivateContainerd } from "./privateContainerd.ts";
import { shellTask, until } from "./taskSpec.ts";

const GATEWAY = "10.213.7.1";

let containerd: PrivateContainerd;
let runtime: ContainerRuntime;
let image: ImageConfig;
let cni: { confDir: string; binDirs: string[] };

beforeAll(async () => {
  containerd = await PrivateContainerd.start({ ownNetwork: true });
  await inNode("ip", "link", "set", "lo", "up");
  const confDir = join(containerd.folder, "net.d");
  mkdirSync(confDir);
  const conflist = {
    cniVersion: "1.0.0",
    name: "tasks",
    plugins: [
      {
        type: "bridge",
        bridge: "mesos-test0",
        isGateway: true,
        ipMasq: true,
        ipam: {
          type: "host-local",
          dataDir: join(containerd.folder, "ipam"),
          ranges: [[{ subnet: "10.213.7.0/24", gateway: GATEWAY }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
  writeFileSync(join(confDir, "10-tasks.conflist"), JSON.stringify(conflist));
  writeFileSync(join(confDir, "05-broken.conflist"), "{");
  const [bridge] = conflist.plugins;
  const write = (name: string, ...plugins: object[]) =>
    writeFileSync(join(confDir, `20-${name}.conflist`), JSON.stringify({ ...conflist, name, plugins }));
  write("missing", { ...bridge }, { type: "no-such-plugin" });
  write("no-ports", { ...bridge });
  // The gateway is the only address in the range: a task finds none.
  const range = {
    subnet: "10.213.8.0/24",
    gateway: "10.213.8.2",
    rangeStart: "10.213.8.2",
    rangeEnd: "10.213.8.2",
  };
  write("failing", { ...bridge, bridge: "mesos-test1", ipam: { ...bridge?.ipam, ranges: [[range]] } });
  const binDirs = ["bridge", "portmap", "host-local", "loopback"] as const;
  cni = { confDir, binDirs: [...new Set(binDirs.map((name) => dirname(containerd.program(name))))] };
  runtime = await containerd.client({ cni });
  await containerd.importBusybox("mesos");
  image = await runtime.provisioner.pull(BUSYBOX_IMAGE, { policy: "Never" });
});
afterAll(() => containerd?.stop());

const nodeAccess = async () => ({ pid: containerd.pid, root: `/proc/${containerd.pid}/root` });

/** In the network namespace that stands for the node's. */
const inNode = (...argv: string[]) => run(["nsenter", "-t", String(containerd.pid), "-n", ...argv]);

async function launch(script: string, network: Network, overrides: Partial<ContainerSpec> = {}) {
  const spec = shellTask(containerd, script, { network, ...overrides });
  return runtime.containerizer.launch(spec, image);
}

function leasedAddresses(): string[] {
  const folder = join(containerd.folder, "ipam/tasks");
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith("10.")) : [];
}

describe("a network of its own", () => {
  test("gives an address, a name and a mapped port, and all of it back", async () => {
    const mapping = { hostPort: 20_080, containerPort: 8080, protocol: "tcp" as const };
    const network: Network = { type: "cni", name: "tasks", portMappings: [mapping] };
    const script =
      "cat /etc/hosts /etc/resolv.conf /etc/hostname; ip -o link; while :; do echo served | nc -l -p 8080; done";
    const dns = { nameservers: ["192.0.2.53"], searches: ["test.example"] };
    const { id, addresses } = await launch(script, network, { hostname: "task-one", dns });
    expect(addresses).toHaveLength(1);
    const [address = ""] = addresses;
    expect(address).toMatch(/^10\.213\.7\.\d+$/);
    expect(leasedAddresses()).toEqual([address]);
    await until("it has told its links", () => /eth0/.test(containerd.output(id)));
    const output = containerd.output(id);
    expect(output).toContain(`${address}\ttask-one\n`);
    expect(output).toContain("search test.example\nnameserver 192.0.2.53\n");
    expect(output).toMatch(/lo: <LOOPBACK,UP/);

    await until("it serves at its address", async () => (await fetchLine(address, 8080)) === "served");
    await until("it serves at the node's port", async () => (await fetchLine(GATEWAY, 20_080)) === "served");

    const again = await containerd.client();
    expect(await again.containerizer.recover()).toMatchObject([{ id, addresses: [address] }]);
    await runtime.containerizer.kill(id, "SIGKILL");
    await runtime.containerizer.wait(id);
    await runtime.containerizer.remove(id);
    expect(leasedAddresses()).toEqual([]);
    expect(await inNode("iptables", "-t", "nat", "-S")).not.toMatch(/20080|10\.213\.7\.\d+\/32/);
    expect(readdirSync(join(containerd.folder, "agent/netns"))).toEqual([]);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(
      join(containerd.folder, "agent/netns"),
    );
  });

  test("is checked by its plugins", async () => {
    const { id } = await launch("sleep 1000", { type: "cni", name: "tasks" });
    const networks = new Networks({ ...cni, netnsDir: "", node: nodeAccess });
    const stateFile = join(containerd.folder, "agent/containers", id, "cni.json");
    await networks.check(id, stateFile);
    const netns = join(containerd.folder, "agent/netns", id);
    await run(["nsenter", `--net=${netns}`, "ip", "addr", "flush", "dev", "eth0"]);
    await expect(networks.check(id, stateFile)).rejects.toBeInstanceOf(NetworkError);
    await runtime.containerizer.remove(id);
    expect(leasedAddresses()).toEqual([]);
  });

  test("two tasks do not share ports or addresses and reach each other", async () => {
    const network: Network = { type: "cni" };
    const one = await launch("while :; do echo one | nc -l -p 8080; done", network);
    const two = await launch("while :; do echo two | nc -l -p 8080; done", network);
    expect(new Set([...one.addresses, ...two.addresses]).size).toBe(2);
    const ask = ["/bin/sh", "-c", `nc -w 5 ${two.addresses[0]} 8080 </dev/null`];
    await until("one reaches two", async () => {
      const { stdout } = await runtime.containerizer.exec(one.id, ask, {}, { timeoutMs: 20_000 });
      return String(stdout) === "two\n";
    });
    await runtime.containerizer.remove(one.id);
    await runtime.containerizer.remove(two.id);
    expect(leasedAddresses()).toEqual([]);
  });

  test("that fails half-way leaves nothing", async () => {
    const error = await launch("true", { type: "cni", name: "failing" }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NetworkError);
    expect(String(error)).toContain("no IP addresses available");
    expect(readdirSync(join(containerd.folder, "agent/netns"))).toEqual([]);
    expect(readdirSync(join(containerd.folder, "agent/containers"))).toEqual([]);
    const missing = launch("true", { type: "cni", name: "missing" });
    await expect(missing).rejects.toThrow("CNI plugin no-such-plugin is not in");
  });

  test("of an unknown name, or without a plugin for ports, is refused", async () => {
    await expect(launch("true", { type: "cni", name: "unknown" })).rejects.toThrow(
      'no CNI network "unknown"; it has',
    );
    const portMappings = [{ hostPort: 20_081, containerPort: 80, protocol: "tcp" as const }];
    const unmapped = launch("true", { type: "cni", name: "no-ports", portMappings });
    await expect(unmapped).rejects.toThrow("has no plugin that maps ports");
    expect(leasedAddresses()).toEqual([]);
  });

  test("left by an agent that died in its launch is taken back at recovery", async () => {
    const { id } = await launch("sleep 1000", { type: "cni", name: "tasks" });
    await runtime.containerizer.kill(id, "SIGKILL");
    await runtime.containerizer.wait(id);
    // As if the agent had died before containerd had heard of the container.
    await containerd.ctr("-n", "mesos", "tasks", "rm", id);
    await containerd.ctr("-n", "mesos", "containers", "rm", id);
    expect(leasedAddresses()).toHaveLength(1);
    expect(await runtime.containerizer.recover()).toEqual([]);
    expect(leasedAddresses()).toEqual([]);
    expect(existsSync(join(containerd.folder, "agent/containers", id))).toBe(false);
  });

  test("whose namespace a reboot took away still gives its address back", async () => {
    const { id } = await launch("sleep 1000", { type: "cni", name: "tasks" });
    const netns = join(containerd.folder, "agent/netns", id);
    await run(["umount", "-l", netns]);
    rmSync(netns);
    await runtime.containerizer.remove(id);
    expect(leasedAddresses()).toEqual([]);
  });
});

test("no network at all is a loopback interface alone", async () => {
  const { id, addresses } = await launch("ip -o link", { type: "none" });
  await runtime.containerizer.wait(id);
  expect(addresses).toEqual([]);
  expect(containerd.output(id)).toMatch(/lo: <LOOPBACK,UP/);
  expect(containerd.output(id)).not.toContain("eth0");
  await runtime.containerizer.remove(id);
});

test("another's network namespace can be shared", async () => {
  const first = await launch("sleep 1000", { type: "cni", name: "tasks" });
  const second = await launch("ip -o addr", { type: "netns", path: `/proc/${first.pid}/ns/net` });
  await runtime.containerizer.wait(second.id);
  expect(containerd.output(second.id)).toContain(first.addresses[0]);
  await runtime.containerizer.remove(second.id);
  await runtime.containerizer.remove(first.id);
});

test("containers of one network have one localhost, one address and one name, also after the agent's restart", async () => {
  const mapping = { hostPort: 20_090, containerPort: 8080, protocol: "tcp" as const };
  const network: Network = { type: "cni", name: "tasks", portMappings: [mapping] };
  const holder = await launch("exec sleep 1000", network, { hostname: "pair" });
  const shared: Network = { type: "container", id: holder.id };
  const server = await launch("while :; do echo served | nc -l -p 8080; done", shared);
  expect(server.addresses).toEqual(holder.addresses);
  const again = await containerd.client({ cni });
  const ask = "cat /etc/hosts /etc/hostname; until nc -w 5 127.0.0.1 8080 </dev/null; do sleep 0.1; done";
  const spec = shellTask(containerd, ask, { network: shared, hostname: "not-this" });
  const client = await again.containerizer.launch(spec, image);
  expect(await again.containerizer.wait(client.id)).toMatchObject({ code: 0 });
  expect(containerd.output(client.id)).toContain(`${holder.addresses[0]}\tpair\npair\nserved\n`);
  await until("it serves at the node's port", async () => (await fetchLine(GATEWAY, 20_090)) === "served");
  const found = await again.containerizer.recover();
  expect(new Set(found.flatMap(({ addresses }) => addresses))).toEqual(new Set(holder.addresses));

  for (const { id } of [client, server]) await again.containerizer.remove(id);
  expect(leasedAddresses()).toEqual(holder.addresses);
  await again.containerizer.remove(holder.id);
  expect(leasedAddresses()).toEqual([]);
});

test("there is no sharing the network of a container that has none of its own, or is gone", async () => {
  const host = await launch("exec sleep 1000", { type: "host" });
  const shared = launch("true", { type: "container", id: host.id });
  await expect(shared).rejects.toBeInstanceOf(InvalidSpecError);
  await runtime.containerizer.remove(host.id);
  await expect(launch("true", { type: "container", id: host.id })).rejects.toBeInstanceOf(
    ContainerLaunchError,
  );
  expect(readdirSync(join(containerd.folder, "agent/containers"))).toEqual([]);
});

/** Connects from the node and gives the first line, or "" when nobody answers. */
async function fetchLine(address: string, port: number): Promise<string> {
  const script = `/bin/busybox nc -w 5 ${address} ${port} </dev/null`;
  return (await inNode("sh", "-c", script).catch(() => "")).trim();
}
