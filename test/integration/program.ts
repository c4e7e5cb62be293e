import { spawn } from "node:child_process";
import { ensureBinaries } from "../../hack/devcluster/binaries.ts";
import type { ProgramName } from "../../hack/devcluster/programs.ts";

export interface Answer {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of the dev cluster's programs to its end, whatever that is; rejects only when it cannot start. */
export function program(
  name: ProgramName,
): (args: readonly string[], kubeconfig: string, input?: string) => Promise<Answer> {
  const binary = ensureBinaries([name], () => {}).then((found) => found.get(name) ?? name);
  return async (args, kubeconfig, input = "") => {
    const file = await binary;
    return new Promise((resolve, reject) => {
      const child = spawn(file, args, { env: { ...process.env, KUBECONFIG: kubeconfig } });
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (chunk) => {
        stdout += chunk;
      });
      child.stderr.on("data", (chunk) => {
        stderr += chunk;
      });
      child.on("error", reject);
      child.on("close", (code) => resolve({ ok: code === 0, stdout, stderr }));
      // One that ends without reading its input is no failure.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    });
  };
}
