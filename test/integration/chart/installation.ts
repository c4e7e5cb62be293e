import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";
import { parse, stringify } from "yaml";
import { kubectl } from "../manifests/kubectl.ts";
import type { Answer } from "../program.ts";
import { type Server, startServer } from "../server.ts";
import { CHART, helm, NAMESPACE, RELEASE } from "./helm.ts";

const OPERATOR = `system:serviceaccount:${NAMESPACE}:mesos-operator`;
/** A policy is in force some time after it was stored: the API server watches them. */
const IN_FORCE_MS = 20_000;

export const resources = [
  { name: "cpus", scalar: 1 },
  { name: "mem", scalar: 64 },
];
export const object = (kind: string, name: string, spec: object, namespace = "open") => ({
  apiVersion: "mesos.dev/v1alpha1",
  kind,
  metadata: { name, namespace },
  spec,
});
export const task = (name: string, more: object = {}, namespace = "open") =>
  object("Task", name, { command: { value: "true" }, resources, ...more }, namespace);
export const offer = (name: string, namespace = "open") => {
  const expiresAt = "2030-01-01T00:00:00Z";
  return object(
    "Offer",
    name,
    { framework: "f", role: "r", agent: "node-1", resources, expiresAt },
    namespace,
  );
};
/** Arguments of kubectl that write a status. */
export const status = (plural: string, name: string, value: object, namespace = "open") => [
  "patch",
  `${plural}.mesos.dev`,
  name,
  "-n",
  namespace,
  "--subresource=status",
  "--type=merge",
  "-p",
  JSON.stringify({ status: value }),
];

export async function done(answer: Promise<Answer>): Promise<string> {
  const { ok, stdout, stderr } = await answer;
  expect({ ok, stderr }).toEqual({ ok: true, stderr: "" });
  return stdout;
}
export async function refused(answer: Promise<Answer>, words: string): Promise<void> {
  const { ok, stderr } = await answer;
  expect(stderr).toContain(words);
  expect(ok).toBe(false);
}

/** Repeats an attempt until a policy refuses it with those words. */
export async function inForce(words: string, attempt: () => Promise<Answer>): Promise<void> {
  const deadline = Date.now() + IN_FORCE_MS;
  let said = "";
  while (Date.now() < deadline) {
    said = (await attempt()).stderr;
    if (said.includes(words)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`no policy says "${words}": ${said}`);
}

/** An API server with the chart installed, and those who write to it. No controller runs. */
export class Installation {
  readonly #server: Server;

  static async open(): Promise<Installation> {
    const server = await startServer();
    await helm(["install", RELEASE, CHART, "-n", NAMESPACE, "--create-namespace"], server.kubeconfig);
    return new Installation(server);
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  get kubeconfig(): string {
    return this.#server.kubeconfig;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  admin(args: string[], thing?: object): Promise<Answer> {
    return this.as(this.kubeconfig, args, thing);
  }

  operator(args: string[], thing?: object): Promise<Answer> {
    return this.admin([...args, "--as", OPERATOR], thing);
  }

  /** kubectl with another kubeconfig; what is given as an object comes with `-f -`. */
  as(kubeconfig: string, args: string[], thing?: object): Promise<Answer> {
    return thing === undefined
      ? kubectl(args, { kubeconfig })
      : kubectl([...args, "-f", "-"], { kubeconfig, input: JSON.stringify(thing) });
  }

  async namespace(name: string, level?: string): Promise<void> {
    const labels = level === undefined ? {} : { "pod-security.kubernetes.io/enforce": level };
    await done(this.admin(["create"], { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } }));
  }

  /** A kubeconfig with a token of that account and nothing else. */
  async token(account: string, ...bound: string[]): Promise<string> {
    const token = await done(this.admin(["create", "token", account, "-n", NAMESPACE, ...bound]));
    const config = parse(readFileSync(this.kubeconfig, "utf8"));
    config.users[0].user = { token: token.trim() };
    const path = `${this.kubeconfig}-${account}-${bound.at(-1) ?? "unbound"}`;
    writeFileSync(path, stringify(config), { mode: 0o600 });
    return path;
  }

  /** The token that the kubelet would put into a Pod of that account on that node. */
  async podToken(account: string, node: string): Promise<string> {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `${account}-${node}`, namespace: NAMESPACE },
      spec: { serviceAccountName: account, nodeName: node, containers: [{ name: "a", image: "a" }] },
    };
    await done(this.admin(["create"], pod));
    return this.token(account, "--bound-object-kind", "Pod", "--bound-object-name", pod.metadata.name);
  }
}
