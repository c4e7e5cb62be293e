import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Binaries, binary } from "./binaries.ts";
import type { ClusterPlan, NodePlan } from "./plan.ts";

const FOLDERS = [
  "etc",
  "home",
  "media",
  "mnt",
  "opt",
  "root",
  "run",
  "srv",
  "tmp",
  "var/lib",
  "var/log",
  "var/tmp",
];

// What programs from the host expect under /etc; the rest of the host's stays out of the nodes.
const COPIED = [
  "alternatives",
  "group",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "localtime",
  "nsswitch.conf",
  "os-release",
  "passwd",
  "protocols",
  "services",
  "ssl/certs",
];

const CNI_PLUGINS = ["ptp", "bridge", "loopback", "host-local", "portmap"] as const;

/** The folder that is `/` on the node: every path of the node not from /usr, /proc, /sys or /dev lies in it. */
export function createRootfs(root: string, cluster: ClusterPlan, node: NodePlan, binaries: Binaries): void {
  for (const folder of FOLDERS) mkdirSync(join(root, folder), { recursive: true });
  chmodSync(join(root, "tmp"), 0o1777);
  chmodSync(join(root, "var/tmp"), 0o1777);
  if (!existsSync(join(root, "var/run"))) symlinkSync("../run", join(root, "var/run"));
  for (const file of COPIED) {
    const [from, to] = [join("/etc", file), join(root, "etc", file)];
    // The links among them lead to what only the node sees under its root.
    const copied = lstatSync(to, { throwIfNoEntry: false }) !== undefined;
    if (existsSync(from) && !copied) cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  }
  const hosts = cluster.nodes.map(({ address, name }) => `${address} ${name}`);
  writeNodeFile(root, "/etc/hosts", ["127.0.0.1 localhost", ...hosts, ""].join("\n"));
  writeNodeFile(root, "/etc/hostname", `${node.name}\n`);
  writeNodeFile(
    root,
    "/etc/resolv.conf",
    "# A node resolves what /etc/hosts has; pods ask the cluster's DNS.\n",
  );
  const id = createHash("sha256").update(`${cluster.name}/${node.name}`).digest("hex").slice(0, 32);
  writeNodeFile(root, "/etc/machine-id", `${id}\n`);
  for (const plugin of CNI_PLUGINS) {
    const path = binary(binaries, plugin);
    mkdirSync(join(root, "opt/cni/bin"), { recursive: true });
    copyFileSync(path, join(root, "opt/cni/bin", basename(path)));
  }
}

/** Leaves a file that has the text alone: kube-proxy ends itself when its configuration is written to. */
export function writeNodeFile(root: string, path: string, text: string, mode = 0o644): void {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode });
}
