import { join } from "node:path";
import { ensureBinaries } from "../../hack/devcluster/binaries.ts";
import { run } from "../../hack/devcluster/command.ts";
import { sayToTerminal } from "../../hack/devcluster/progress.ts";

const CRDS = join(import.meta.dirname, "../../crds");

/**
 * Gives an API server the project's CRDs. By kubectl, as a user would: the typed client drops each `x-kubernetes-…` field of a
 * schema, and with them the rules and the list types.
 */
export async function applyDefinitions(kubeconfig: string): Promise<void> {
  const kubectl = (await ensureBinaries(["kubectl"], sayToTerminal)).get("kubectl") ?? "kubectl";
  const here = [kubectl, "--kubeconfig", kubeconfig];
  await run([...here, "apply", "--server-side", "-f", CRDS]);
  await run([...here, "wait", "--for=condition=Established", "--timeout=30s", "-f", CRDS]);
}
