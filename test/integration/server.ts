import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiserverPlan, startApiserver } from "../../hack/devcluster/apiserver.ts";
import { ensureBinaries } from "../../hack/devcluster/binaries.ts";
import { writeKubeconfig } from "../../hack/devcluster/kubeconfig.ts";
import { Processes } from "../../hack/devcluster/processes.ts";
import { APISERVER_PROGRAMS } from "../../hack/devcluster/programs.ts";
import { sayToTerminal } from "../../hack/devcluster/progress.ts";

export interface Server {
  /** Path of a kubeconfig of an administrator. */
  readonly kubeconfig: string;
  /** Where etcd serves its clients: a URL. */
  readonly etcd: string;
  stop(): Promise<void>;
}

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

/** An etcd and a kube-apiserver of their own, on free ports of the loopback; they end with the process that started them. */
export async function startServer(options: Pick<ApiserverPlan, "profiling"> = {}): Promise<Server> {
  const binaries = await ensureBinaries(APISERVER_PROGRAMS, sayToTerminal);
  const dir = mkdtempSync(join(tmpdir(), "mesos-integration-"));
  const processes = new Processes(dir);
  const stop = async () => {
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
        ...options,
      },
      binaries,
      processes,
      // A run that is killed takes them along.
      ["setpriv", "--pdeathsig", "KILL"],
    );
    const kubeconfig = join(dir, "kubeconfig");
    const subject = { commonName: "admin", organizations: ["system:masters"] };
    await writeKubeconfig(kubeconfig, "integration", server, authority, "admin", subject);
    return { kubeconfig, etcd: `http://127.0.0.1:${etcdPort}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
