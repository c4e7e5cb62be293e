import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { kubectl } from "../manifests/kubectl.ts";
import { NAMESPACE } from "./helm.ts";
import { done, Installation } from "./installation.ts";

const LEVEL = "mesos-operator-leases";
const PATIENCE = 20_000;

let chart: Installation;
let level: string;
const tokens = new Map<string, string>();

beforeAll(async () => {
  chart = await Installation.open();
  await chart.namespace("open");
  const uid = ["get", "prioritylevelconfiguration", LEVEL, "-o", "jsonpath={.metadata.uid}"];
  level = (await kubectl(uid, { kubeconfig: chart.kubeconfig })).stdout;
  for (const account of ["mesos-operator", "mesos-operator-agent", "default"]) {
    if (account === "default")
      await done(chart.admin(["create", "serviceaccount", account, "-n", NAMESPACE]));
    tokens.set(account, await chart.token(account));
  }
  // The API server watches them.
  await vi.waitFor(async () => expect(await levelOf("mesos-operator", lease("mesos-operator"))).toBe(level), {
    timeout: PATIENCE,
    interval: 200,
  });
});
afterAll(() => chart?.stop());

const lease = (name: string) => `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/${name}`;

/** The uid of the priority level that a request is put into, refused or not: kubectl shows the headers of the answer. */
async function levelOf(account: string, path: string): Promise<string> {
  const { stderr } = await chart.as(tokens.get(account) ?? "", ["get", "--raw", path, "-v=8"]);
  return /x-kubernetes-pf-prioritylevel-uid:? *"?([0-9a-f-]+)/i.exec(stderr)?.[1] ?? "";
}

test.each(["mesos-operator", "mesos-operator-agent"])(
  "Leases of %s have a level of their own",
  async (account) => {
    expect(await levelOf(account, lease("mesos-agent-node-1"))).toBe(level);
  },
);

test.each([
  ["Tasks", "mesos-operator", "/apis/mesos.dev/v1alpha1/namespaces/open/tasks/x"],
  ["Leases of other namespaces", "mesos-operator", "/apis/coordination.k8s.io/v1/namespaces/open/leases/x"],
  ["lists of Leases", "mesos-operator", lease("")],
  ["others", "default", lease("x")],
])("%s are not in it", async (_what, account, path) => {
  const found = await levelOf(account, path);
  expect(found).not.toBe("");
  expect(found).not.toBe(level);
});
