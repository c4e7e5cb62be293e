import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { ensureBinaries } from "../../hack/devcluster/binaries.ts";
import { run } from "../../hack/devcluster/command.ts";
import { sayToTerminal } from "../../hack/devcluster/progress.ts";
import { startServer } from "./server.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Path of a kubeconfig for an administrator of the run's own API server. */
    kubeconfig: string;
  }
}

const CRDS = join(import.meta.dirname, "../../crds");
const ESTABLISHED = "--timeout=30s";

/**
 * By kubectl, as a user would: the typed client drops each `x-kubernetes-…` field of a schema, and with them
 * the rules and the list types.
 */
async function applyDefinitions(kubectl: string, kubeconfig: string): Promise<void> {
  if (!existsSync(CRDS)) return;
  const here = [kubectl, "--kubeconfig", kubeconfig];
  await run([...here, "apply", "--server-side", "-f", CRDS]);
  await run([...here, "wait", "--for=condition=Established", ESTABLISHED, "-f", CRDS]);
}

/** vitest's globalSetup: one etcd and one kube-apiserver for the run, with every CRD of the project. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kubectl = (await ensureBinaries(["kubectl"], sayToTerminal)).get("kubectl") ?? "kubectl";
  const server = await startServer();
  try {
    await applyDefinitions(kubectl, server.kubeconfig);
  } catch (error) {
    await server.stop();
    throw error;
  }
  project.provide("kubeconfig", server.kubeconfig);
  return () => server.stop();
}
