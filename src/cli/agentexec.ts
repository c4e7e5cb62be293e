import { Writable } from "node:stream";
import { Exec, KubeConfig, type V1Status } from "@kubernetes/client-node";
import { pods } from "../cluster/core.ts";
import { type CliContext, CliError } from "./context.ts";

const AGENT_SELECTOR = "app.kubernetes.io/component=agent";

/** The agent's Pod on a node. */
async function agentPod(context: CliContext, node: string): Promise<string> {
  const { items } = await pods(context.connection).list({
    namespace: context.operatorNamespace,
    labelSelector: AGENT_SELECTOR,
    fieldSelector: `spec.nodeName=${node},status.phase=Running`,
  });
  const name = items.find((pod) => pod.metadata.deletionTimestamp === undefined)?.metadata.name;
  if (name === undefined)
    throw new CliError(`no agent runs on ${node} (namespace ${context.operatorNamespace})`);
  return name;
}

/**
 * Runs a program in the agent's Pod on a node, by `pods/exec`; its stdout goes to `write`. Ends with the program, or
 * when the signal aborts. Throws CliError with its stderr when it fails.
 */
export async function execOnAgent(
  context: CliContext,
  node: string,
  argv: string[],
  write: (chunk: Buffer) => void,
  signal: AbortSignal,
): Promise<void> {
  const pod = await agentPod(context, node);
  const config = new KubeConfig();
  if (context.kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(context.kubeconfig);
  if (context.contextName !== undefined) config.setCurrentContext(context.contextName);
  const complaints: Buffer[] = [];
  const sink = (take: (chunk: Buffer) => void) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        take(chunk);
        done();
      },
    });
  const stdout = sink(write);
  const stderr = sink((chunk) => complaints.push(chunk));
  const status = await new Promise<V1Status | undefined>((resolve, reject) => {
    new Exec(config)
      .exec(context.operatorNamespace, pod, "agent", argv, stdout, stderr, null, false, resolve)
      .then((socket) => {
        const close = () => socket.close();
        signal.addEventListener("abort", close, { once: true });
        if (signal.aborted) close();
        socket.onclose = () => resolve(undefined);
        socket.onerror = (event: { readonly message: string }) =>
          reject(new CliError(`the connection to ${pod} broke: ${event.message}`));
      }, reject);
  });
  if (status?.status === "Failure") {
    const text = Buffer.concat(complaints).toString().trim();
    throw new CliError(text === "" ? (status.message ?? "the agent's Pod refused") : text);
  }
}
