import { inject } from "vitest";
import { type Answer, program } from "../program.ts";

const run = program("kubectl");

/** Runs kubectl as the administrator of the run's API server, or with the kubeconfig given. */
export const kubectl = (
  args: readonly string[],
  { kubeconfig = inject("kubeconfig"), input }: { input?: string; kubeconfig?: string } = {},
): Promise<Answer> => run(args, kubeconfig, input);

/** kubectl that must succeed; its standard output. */
export async function must(args: readonly string[], input?: string): Promise<string> {
  const answer = await kubectl(args, input === undefined ? {} : { input });
  if (!answer.ok) throw new Error(`kubectl ${args.join(" ")}: ${answer.stderr}`);
  return answer.stdout;
}

/** Text as a part of a regular expression. */
export const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
