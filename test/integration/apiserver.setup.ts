import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startApiserver } from "../../hack/devcluster/apiserver.ts";
import { ensureBinaries } from "../../hack/devcluster/binaries.ts";
import { run } from "../../hack/devcluster/command.ts";
import { writeKubeconfig } from "../../hack/devcluster/kubeconfig.ts";
import { Processes } from "../../hack/devcluster/processes.ts";
import { APISERVER_PROGRAMS } from "../../hack/devcluster/programs.ts";
import { sayToTerminal } from "../../hack/devcluster/progress.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Path of a kubeconfig for an administrator of the run's own API server. */
    kubeconfig: string;
  }
}

const CRDS = join(import.meta.dirname, "../../crds");
const ESTABLISHED_SECONDS = 30;

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.on("error", reject);
          server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            resolve(typeof address === "object" && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/**
 * By kubectl, as a user would: the typed client drops each `x-kubernetes-…` field of a schema, and with them
 * the rules and the list types.
 */
async function applyDefinitions(kubectl: string, kubeconfig: string): Promise<void> {
  if (!existsSync(CRDS)) return;
  const here = [kubectl, "--kubeconfig", kubeconfig];
  await run([...here, "apply", "--server-side", "-f", CRDS]);
  await run([
    ...here,
    "wait",
    "--for=condition=Established",
    `--timeout=${ESTABLISHED_SECONDS}s`,
    "-f",
    CRDS,
  ]);
}

/** vitest's globalSetup: one etcd and one kube-apiserver for the run, with every CRD of the project. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const binaries = await ensureBinaries([...APISERVER_PROGRAMS, "kubectl"], sayToTerminal);
  const dir = mkdtempSync(join(tmpdir(), "mesos-integration-"));
  const processes = new Processes(dir);
  const teardown = async () => {
    await processes.stop("kube-apiserver");
    await processes.stop("etcd");
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const [port = 0, etcdPort = 0, etcdPeerPort = 0] = await freePorts(3);
    const { server, authority } = await startApiserver(
      dir,
      {
        address: "127.0.0.1",
        port,
        etcdAddress: "127.0.0.1",
        etcdPort,
        etcdPeerPort,
        serviceCidr: "10.255.0.0/24",
        serviceAddress: "10.255.0.1",
        advertise: false,
      },
      binaries,
      processes,
      // A run that is killed takes them along.
      ["setpriv", "--pdeathsig", "KILL"],
    );
    const path = join(dir, "kubeconfig");
    const subject = { commonName: "admin", organizations: ["system:masters"] };
    await writeKubeconfig(path, "integration", server, authority, "admin", subject);
    await applyDefinitions(binaries.get("kubectl") ?? "kubectl", path);
    project.provide("kubeconfig", path);
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}
