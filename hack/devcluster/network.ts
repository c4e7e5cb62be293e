import { run, tryRun } from "./command.ts";
import type { ClusterPlan, NodePlan } from "./plan.ts";

interface Route {
  readonly dst: string;
}

/** The networks this machine has routes to, in CIDR notation, the default route left out. */
export async function routedNetworks(): Promise<string[]> {
  const routes = JSON.parse(await run(["ip", "-json", "-4", "route", "show", "table", "all"])) as Route[];
  return routes.map(({ dst }) => dst).filter((dst) => /^\d/.test(dst) && !dst.startsWith("127."));
}

async function linkExists(name: string): Promise<boolean> {
  return (await tryRun(["ip", "link", "show", "dev", name])) !== undefined;
}

/** The bridge that joins the nodes, and routes to their pods. Harmless when it is there. */
export async function createBridge(plan: ClusterPlan): Promise<void> {
  if (await linkExists(plan.bridge)) return;
  const commands = [
    `link add ${plan.bridge} type bridge`,
    `address add ${plan.bridgeAddress}/24 dev ${plan.bridge}`,
    `link set ${plan.bridge} up`,
    ...plan.nodes.map((node) => `route add ${node.podCidr} via ${node.address} dev ${plan.bridge}`),
  ];
  await run(["ip", "-batch", "-"], { input: `${commands.join("\n")}\n` });
}

/** Ties the network namespace of process `pid` to the bridge and gives it the node's address. Harmless twice. */
export async function connectNode(plan: ClusterPlan, node: NodePlan, pid: number): Promise<void> {
  if (await linkExists(node.link)) return;
  const onHost = [
    `link add ${node.link} type veth peer name eth0 netns ${pid}`,
    `link set ${node.link} master ${plan.bridge}`,
    `link set ${node.link} up`,
  ];
  await run(["ip", "-batch", "-"], { input: `${onHost.join("\n")}\n` });
  const others = plan.nodes.filter((other) => other.name !== node.name);
  const inNode = [
    "link set lo up",
    `address add ${node.address}/24 dev eth0`,
    "link set eth0 up",
    `route add default via ${plan.bridgeAddress}`,
    ...others.map((other) => `route add ${other.podCidr} via ${other.address}`),
  ];
  await run(["nsenter", "-t", String(pid), "-n", "ip", "-batch", "-"], { input: `${inNode.join("\n")}\n` });
}

async function removeLink(name: string): Promise<void> {
  if (!(await linkExists(name))) return;
  await run(["ip", "link", "delete", name]).catch(async (error: unknown) => {
    // The kernel removes the link of a namespace that ended, too.
    if (await linkExists(name)) throw error;
  });
}

/** Removes the host's end of the node's link, and so the node's. */
export async function disconnectNode(node: NodePlan): Promise<void> {
  await removeLink(node.link);
}

/** Removes the bridge and the nodes' links; the routes go with it. */
export async function removeNetwork(plan: ClusterPlan): Promise<void> {
  await Promise.all(plan.nodes.map(disconnectNode));
  await removeLink(plan.bridge);
}
