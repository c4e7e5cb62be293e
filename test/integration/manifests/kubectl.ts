import { spawn } from "node:child_process";
import { inject } from "vitest";
import { ensureBinaries } from "../../../hack/devcluster/binaries.ts";

export interface Answer {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

const binary = ensureBinaries(["kubectl"], () => {}).then((found) => found.get("kubectl") ?? "kubectl");

/** Runs kubectl as the administrator of the run's API server, or with the kubeconfig given. */
export async function kubectl(
  args: readonly string[],
  options: { input?: string; kubeconfig?: string } = {},
): Promise<Answer> {
  const program = await binary;
  const kubeconfig = options.kubeconfig ?? inject("kubeconfig");
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["--kubeconfig", kubeconfig, ...args]);
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
    child.stdin.end(options.input ?? "");
  });
}

/** kubectl that must succeed; its standard output. */
export async function must(args: readonly string[], input?: string): Promise<string> {
  const answer = await kubectl(args, input === undefined ? {} : { input });
  if (!answer.ok) throw new Error(`kubectl ${args.join(" ")}: ${answer.stderr}`);
  return answer.stdout;
}

/** Text as a part of a regular expression. */
export const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
