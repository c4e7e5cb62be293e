import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { run } from "./command.ts";
import { ClusterError } from "./failure.ts";
import { type Say, step } from "./progress.ts";

/** Programs that Debian has, and the package each is in. */
const NODE_PACKAGES = {
  runc: "runc",
  iptables: "iptables",
  ip: "iproute2",
  mount: "mount",
  nsenter: "util-linux",
  flock: "util-linux",
};

/** What building images takes. */
const IMAGE_PACKAGES = { busybox: "busybox-static", "tini-static": "tini" };

const FOLDERS = [
  ...(process.env.PATH ?? "").split(":"),
  "/usr/local/sbin",
  "/usr/sbin",
  "/sbin",
  "/usr/bin",
  "/bin",
];

function isInstalled(program: string): boolean {
  return FOLDERS.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Installs with apt what is missing of the programs that a node, or the building of images, needs.
 * @throws ClusterError when this is not root's, or apt fails.
 */
export async function ensurePackages(use: "node" | "image", say: Say): Promise<void> {
  const wanted = use === "node" ? { ...NODE_PACKAGES, ...IMAGE_PACKAGES } : IMAGE_PACKAGES;
  const missing = Object.entries(wanted).filter(([program]) => !isInstalled(program));
  if (missing.length === 0) return;
  const names = [...new Set(missing.map(([, name]) => name))];
  const hint = `Install these packages by hand and run this again: ${names.join(" ")}`;
  if (process.getuid?.() !== 0) throw new ClusterError(hint);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args: string[]) =>
    run(["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", ...args], { env });
  const install = () => apt("install", "--yes", "--no-install-recommends", ...names);
  await step(say, `installed ${names.join(", ")} from Debian`, () =>
    install()
      // Lists that are old or were never fetched.
      .catch(() => apt("update").then(install))
      .catch((cause: unknown) => {
        throw new ClusterError(`${cause instanceof Error ? cause.message : cause}\n${hint}`, { cause });
      }),
  );
}
