import type { TestProject } from "vitest/node";
import { applyDefinitions } from "./definitions.ts";
import { storedKeys } from "./pristine.ts";
import { startServer } from "./server.ts";
import { makeSystemNamespace } from "./systemnamespace.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Path of a kubeconfig for an administrator of the run's own API server. */
    kubeconfig: string;
    /** Where its etcd serves clients: a URL. */
    etcd: string;
    /** What it has before any test. */
    pristine: readonly string[];
  }
}

/** vitest's globalSetup: one etcd and one kube-apiserver for the run, with every CRD of the project and the operator's namespace. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  try {
    await applyDefinitions(server.kubeconfig);
    await makeSystemNamespace(server.kubeconfig);
    project.provide("pristine", await storedKeys(server.etcd));
  } catch (error) {
    await server.stop();
    throw error;
  }
  project.provide("kubeconfig", server.kubeconfig);
  project.provide("etcd", server.etcd);
  return () => server.stop();
}
