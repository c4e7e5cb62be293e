import type { TestProject } from "vitest/node";
import { applyDefinitions } from "./definitions.ts";
import { startServer } from "./server.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Path of a kubeconfig for an administrator of the run's own API server. */
    kubeconfig: string;
  }
}

/** vitest's globalSetup: one etcd and one kube-apiserver for the run, with every CRD of the project. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  try {
    await applyDefinitions(server.kubeconfig);
  } catch (error) {
    await server.stop();
    throw error;
  }
  project.provide("kubeconfig", server.kubeconfig);
  return () => server.stop();
}
