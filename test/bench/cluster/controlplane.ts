import { binary, ensureBinaries } from "../../../hack/devcluster/binaries.ts";
import { APISERVER_PROGRAMS } from "../../../hack/devcluster/programs.ts";
import type { Say } from "../../../hack/devcluster/progress.ts";
import { Connection } from "../../../src/cluster/connection.ts";
import { namespaces, serviceAccounts } from "../../../src/cluster/core.ts";
import { applyDefinitions, UNTRACKED } from "../../integration/definitions.ts";
import { startServer } from "../../integration/server.ts";
import { SYSTEM } from "./simulator/protocol.ts";

/** Namespace of the frameworks, tasks and Pods. */
export const WORK = "bench";

export interface ControlPlane {
  /** An administrator's. */
  readonly kubeconfig: string;
  /** Where etcd serves its clients: a URL. */
  readonly etcd: string;
  /** Path of the program. */
  readonly scheduler: string;
  /** Without a limit of its own: for what is not measured. */
  readonly connection: Connection;
  stop(): Promise<void>;
}

/** An etcd and an API server of the benchmark's own, with every CRD. */
export async function startControlPlane(say: Say, profiling: boolean): Promise<ControlPlane> {
  const programs = await ensureBinaries([...APISERVER_PROGRAMS, "kubectl", "kube-scheduler"], say);
  const { kubeconfig, etcd, stop } = await startServer({ profiling });
  try {
    await applyDefinitions(kubeconfig, UNTRACKED);
    const limits = { qps: 1_000_000, burst: 1_000_000, timeout: 120_000 };
    const connection = await Connection.load({ userAgent: "bench", kubeconfig, ...limits });
    for (const name of [SYSTEM, WORK]) {
      await namespaces(connection).create({ metadata: { name } });
      // Nobody makes it here, and the API server admits no Pod without.
      await serviceAccounts(connection).create({ metadata: { name: "default", namespace: name } });
    }
    const end = async () => {
      connection.close();
      await stop();
    };
    return { kubeconfig, etcd, scheduler: binary(programs, "kube-scheduler"), connection, stop: end };
  } catch (error) {
    await stop();
    throw error;
  }
}
