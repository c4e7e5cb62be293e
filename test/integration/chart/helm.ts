import { join } from "node:path";
import { parse } from "yaml";
import { program } from "../program.ts";

export const CHART = join(import.meta.dirname, "../../../charts/mesos-operator");
export const RELEASE = "mesos-operator";
export const NAMESPACE = "mesos-system";

interface Container {
  readonly args?: readonly string[];
  readonly image: string;
  readonly securityContext: object;
  readonly ports?: readonly { name: string; containerPort: number }[];
  readonly volumeMounts: readonly { name: string; mountPath: string; mountPropagation?: string }[];
}

interface PodSpec {
  readonly containers: readonly [Container, ...Container[]];
  readonly initContainers?: readonly Container[];
  readonly volumes: readonly { name: string; hostPath?: { path: string }; secret?: object }[];
  readonly securityContext: object;
  readonly terminationGracePeriodSeconds: number;
}

export interface PodTemplate {
  readonly metadata: { readonly annotations: Record<string, string> };
  readonly spec: PodSpec;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** A rendered object, with those of its fields that the tests look at; which there are depends on its kind. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec: PodSpec & {
    readonly template: PodTemplate;
    readonly updateStrategy: { type: string };
    readonly selector: object;
  };
  readonly type?: string;
  readonly data: Readonly<Record<string, string>>;
  readonly rules: readonly Rule[];
}

const run = program("helm");

/** Runs helm to its end; rejects with what it wrote to stderr. */
export async function helm(args: readonly string[], kubeconfig = "/dev/null"): Promise<string> {
  const { ok, stdout, stderr } = await run(args, kubeconfig);
  if (!ok) throw new Error(stderr || stdout);
  return stdout;
}

export type Values = Readonly<Record<string, unknown>>;

/** `--set-json` arguments, a key each: {"agent.secrets.access": "None"}. */
export const setting = (values: Values): string[] =>
  Object.entries(values).flatMap(([key, value]) => ["--set-json", `${key}=${JSON.stringify(value)}`]);

/** What the chart renders to, with hooks. */
export async function render(values: Values = {}, release = RELEASE): Promise<Manifest[]> {
  const text = await helm(["template", release, CHART, "--namespace", NAMESPACE, ...setting(values)]);
  return text
    .split(/^---$/m)
    .map(parsed)
    .filter((manifest) => manifest !== null);
}

/** Definitions are most of a chart's text, are alike in each rendering, and take a second to read. */
const known = new Map<string, Manifest | null>();
function parsed(text: string): Manifest | null {
  const manifest = known.get(text) ?? (parse(text) as Manifest | null);
  known.set(text, manifest);
  return manifest;
}

/** The one manifest of that kind and name. */
export function pick(manifests: readonly Manifest[], kind: string, name = RELEASE): Manifest {
  const found = manifests.filter((one) => one.kind === kind && one.metadata.name === name);
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} manifests are a ${kind} ${name}`);
  return found[0];
}

export const named = (manifests: readonly Manifest[]): string[] =>
  manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort();
