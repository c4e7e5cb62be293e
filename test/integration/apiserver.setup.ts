import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ApiException,
  ApiextensionsV1Api,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  type V1CustomResourceDefinition,
} from "@kubernetes/client-node";
import type { TestProject } from "vitest/node";
import { parseAllDocuments } from "yaml";
import { startApiserver } from "../../hack/devcluster/apiserver.ts";
import { ensureBinaries } from "../../hack/devcluster/binaries.ts";
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
const ESTABLISHED_MS = 30_000;

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

function customResourceDefinitions(): V1CustomResourceDefinition[] {
  if (!existsSync(CRDS)) return [];
  const files = readdirSync(CRDS).filter((file) => file.endsWith(".yaml"));
  return files.flatMap((file) =>
    parseAllDocuments(readFileSync(join(CRDS, file), "utf8")).map((document) => {
      const definition = document.toJS() as V1CustomResourceDefinition;
      if (definition?.kind !== "CustomResourceDefinition")
        throw new Error(`crds/${file} is no CustomResourceDefinition`);
      return definition;
    }),
  );
}

async function apply(config: KubeConfig, definition: V1CustomResourceDefinition): Promise<void> {
  const name = definition.metadata?.name ?? "";
  const objects = KubernetesObjectApi.makeApiClient(config);
  await objects
    .patch(definition, undefined, undefined, "integration-setup", true, PatchStrategy.ServerSideApply)
    .catch((cause: unknown) => {
      const why = cause instanceof ApiException ? cause.body : cause;
      throw new Error(`the API server refuses the CustomResourceDefinition ${name}: ${why}`, { cause });
    });
  const definitions = config.makeApiClient(ApiextensionsV1Api);
  const deadline = performance.now() + ESTABLISHED_MS;
  for (;;) {
    const { status } = await definitions.readCustomResourceDefinition({ name });
    if (status?.conditions?.some(({ type, status }) => type === "Established" && status === "True")) return;
    if (performance.now() > deadline) {
      throw new Error(`${name} is not Established: ${JSON.stringify(status?.conditions)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** vitest's globalSetup: one etcd and one kube-apiserver for the run, with every CRD of the project. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const binaries = await ensureBinaries(APISERVER_PROGRAMS, sayToTerminal);
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
    const config = new KubeConfig();
    config.loadFromFile(path);
    await Promise.all(customResourceDefinitions().map((definition) => apply(config, definition)));
    project.provide("kubeconfig", path);
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}
