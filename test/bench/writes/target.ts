import { ensureBinaries } from "../../../hack/devcluster/binaries.ts";
import { run } from "../../../hack/devcluster/command.ts";
import { sayToTerminal } from "../../../hack/devcluster/progress.ts";
import { Connection } from "../../../src/cluster/connection.ts";
import { namespaces, serviceAccounts } from "../../../src/cluster/core.ts";
import { applyDefinitions, UNTRACKED } from "../../integration/definitions.ts";
import { startServer } from "../../integration/server.ts";

export const WORK = "bench";

export interface Target {
  readonly connection: Connection;
  stop(): Promise<void>;
}

/** An API server with the definitions of a folder. */
export async function open(crds: string): Promise<Target> {
  const { kubeconfig, stop } = await startServer();
  try {
    if (crds === "crds") await applyDefinitions(kubeconfig, UNTRACKED);
    else {
      const kubectl = (await ensureBinaries(["kubectl"], sayToTerminal)).get("kubectl") ?? "kubectl";
      const here = [kubectl, "--kubeconfig", kubeconfig];
      await run([...here, "apply", "--server-side", "-f", crds]);
      await run([...here, "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
    }
    const limits = { qps: 1_000_000, burst: 1_000_000, timeout: 120_000 };
    const connection = await Connection.load({ userAgent: "bench", kubeconfig, ...limits });
    await namespaces(connection).create({ metadata: { name: WORK } });
    // Nobody makes it here, and the API server admits no Pod without.
    await serviceAccounts(connection).create({ metadata: { name: "default", namespace: WORK } });
    return {
      connection,
      stop: async () => {
        connection.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
