import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { Child } from "./child.ts";

/** kube-scheduler with its default profile, alone, so without an election. */
export class KubeScheduler {
  readonly #child: Child;

  constructor(program: string, dir: string, kubeconfig: string, qps: number) {
    const path = join(dir, "kube-scheduler.yaml");
    const config = {
      apiVersion: "kubescheduler.config.k8s.io/v1",
      kind: "KubeSchedulerConfiguration",
      clientConnection: { kubeconfig, ...(qps > 0 && { qps, burst: 2 * qps }) },
      leaderElection: { leaderElect: false },
    };
    writeFileSync(path, stringify(config));
    const argv = [program, `--config=${path}`, "--secure-port=0"];
    this.#child = new Child(argv, join(dir, "kube-scheduler.log"));
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}
