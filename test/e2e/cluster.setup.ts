import { execFileSync, type StdioOptions, spawnSync } from "node:child_process";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

/** The cluster that the e2e tests run on. */
export interface TestCluster {
  /** Its name for hack/cluster. */
  readonly name: string;
  readonly kubeconfig: string;
  /** PATH with this cluster's kubectl and helm. */
  readonly path: string;
  /** The operator's image, as loaded on each node. */
  readonly image: string;
  /** Namespace and name of the chart's release. */
  readonly release: string;
  readonly operatorNamespace: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    cluster: TestCluster;
  }
}

const ROOT = join(import.meta.dirname, "../..");
const NAME = process.env.MESOS_E2E_CLUSTER ?? "e2e";
const NODES = process.env.MESOS_E2E_NODES ?? "3";
const RELEASE = "mesos-operator";
const NAMESPACE = "mesos-system";

function hack(program: string, args: readonly string[], stdout: "inherit" | "pipe" = "inherit"): string {
  // stdout of the run is vitest's: progress goes to stderr.
  const stdio: StdioOptions = ["ignore", stdout === "pipe" ? "pipe" : process.stderr, "inherit"];
  const out = execFileSync(join(ROOT, "hack", program), args, { cwd: ROOT, stdio, encoding: "utf8" });
  return out?.trim() ?? "";
}

function environment(): { KUBECONFIG: string; PATH: string } {
  const shell = `${hack("cluster", ["env", "--name", NAME], "pipe")}\nprintf '%s\\n%s' "$KUBECONFIG" "$PATH"`;
  const [KUBECONFIG = "", PATH = ""] = execFileSync("bash", ["-c", shell], { encoding: "utf8" }).split("\n");
  return { KUBECONFIG, PATH };
}

const tagOf = (image: string): string => image.slice(image.lastIndexOf(":") + 1);

/** Shows what does not come up: helm says only that it waited too long. */
function complain(env: NodeJS.ProcessEnv): void {
  const selector = `--selector=app.kubernetes.io/instance=${RELEASE}`;
  for (const args of [
    ["get", "pods", "--output=wide"],
    ["logs", selector, "--all-containers", "--prefix", "--tail=10", "--max-log-requests=20"],
  ]) {
    const stdio: StdioOptions = ["ignore", process.stderr, "inherit"];
    spawnSync("kubectl", ["--namespace", NAMESPACE, ...args], { env, stdio });
  }
}

/**
 * vitest's globalSetup: a cluster, the images and the chart. MESOS_E2E_KEEP=1 leaves the cluster up, and a
 * cluster that is up is used as it is, with fresh images and an upgraded chart.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const teardown = async () => {
    if (process.env.MESOS_E2E_KEEP !== "1") hack("cluster", ["down", "--name", NAME]);
  };
  try {
    hack("cluster", ["up", "--name", NAME, "--nodes", NODES]);
    // The image of tasks first, the project's last.
    const [taskImage = "", image = ""] = hack("image", ["--load", "--name", NAME], "pipe").split("\n");
    const env = { ...process.env, ...environment() };
    const install = ["upgrade", "--install", RELEASE, "charts/mesos-operator", "--namespace", NAMESPACE];
    const values = ["--set", `image.tag=${tagOf(image)}`, "--set", `taskImage.tag=${tagOf(taskImage)}`];
    try {
      execFileSync("helm", [...install, "--create-namespace", ...values, "--wait", "--timeout", "3m"], {
        cwd: ROOT,
        env,
        stdio: ["ignore", process.stderr, "inherit"],
      });
    } catch (error) {
      complain(env);
      throw error;
    }
    project.provide("cluster", {
      name: NAME,
      kubeconfig: env.KUBECONFIG,
      path: env.PATH,
      image,
      release: RELEASE,
      operatorNamespace: NAMESPACE,
    });
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}
