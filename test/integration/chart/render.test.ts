import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { agentConfig } from "../../../src/config/agent.ts";
import { chartValues } from "../../../src/config/chart.ts";
import { operatorConfig } from "../../../src/config/operator.ts";
import { CHART, helm, type Manifest, NAMESPACE, named, pick, render, setting } from "./helm.ts";

const values = parse(readFileSync(join(CHART, "values.yaml"), "utf8"));
let manifests: Manifest[];
beforeAll(async () => {
  manifests = await render();
});

const container = (manifest: Manifest) => manifest.spec.template.spec.containers[0];

describe("the chart", () => {
  test("is clean to helm lint", async () => {
    expect(await helm(["lint", "--strict", CHART])).toContain("0 chart(s) failed");
  });

  test("puts all that has a namespace into the release's", () => {
    const clusterWide =
      /^(ClusterRole|CustomResourceDefinition|FlowSchema|PriorityLevelConfiguration|ValidatingAdmissionPolicy|PriorityClass)/;
    for (const { kind, metadata } of manifests) {
      expect([kind, metadata.namespace]).toEqual([kind, clusterWide.test(kind) ? undefined : NAMESPACE]);
    }
  });

  test("labels everything as its own", () => {
    for (const { metadata } of manifests) {
      expect(metadata.labels).toMatchObject({
        "app.kubernetes.io/name": "mesos-operator",
        "app.kubernetes.io/instance": "mesos-operator",
        "app.kubernetes.io/managed-by": "Helm",
      });
    }
  });

  test("has names that Kubernetes takes, whatever the release is called", async () => {
    const long = await render({}, "r".repeat(53));
    for (const { metadata } of long) expect(metadata.name.length).toBeLessThanOrEqual(63);
    expect(new Set(named(long)).size).toBe(long.length);
  });

  test("starts the operator with the flags of Node that are given, the program last", async () => {
    const args = (all: Manifest[]) => container(pick(all, "Deployment")).args;
    expect(args(manifests)).toEqual([...values.operator.nodeFlags, "/app/operator.js"]);
    expect(args(await render({ operator: { nodeFlags: [] } }))).toEqual(["/app/operator.js"]);
  });

  test("gives the programs the configuration that they read", () => {
    const operator = parse(pick(manifests, "ConfigMap").data["operator.yaml"] ?? "");
    const agent = parse(pick(manifests, "ConfigMap", "mesos-operator-agent").data["agent.yaml"] ?? "");
    expect(operatorConfig.parse(operator)).toMatchObject({
      namespace: NAMESPACE,
      leaseName: "mesos-operator",
      slot: { image: "mesos-task-default:dev", priorityClassName: "mesos-operator-slot" },
    });
    expect(agentConfig.parse(agent)).toMatchObject({
      namespace: NAMESPACE,
      defaultImage: "mesos-task-default:dev",
    });
  });

  test("has the programs' own defaults as its values", () => {
    const { namespace: _n, leaseName: _l, slot, gateway, ...operator } = operatorConfig.parse({});
    const { image: _i, imagePullPolicy: _p, priorityClassName: _c, ...slotRest } = slot;
    expect(values.operator.config).toEqual({ ...operator, slot: slotRest });
    const { plain: _plain, tls: _tls, service: _service, ...gatewayRest } = values.gateway;
    // A Pod's address is in no certificate that lasts, and not reached from everywhere.
    const { agentPort: _port, agentToken: _token, ...gatewayDefaults } = gateway;
    expect(gatewayRest).toEqual({ ...gatewayDefaults, followers: "Proxy" });
    const { namespace: _a, defaultImage: _d, operatorUser: _o, http, ...agent } = agentConfig.parse({});
    expect(values.agent.config).toEqual(agent);
    const { plain: _p2, tls: _t2, ...httpRest } = values.agent.http;
    expect({ ...httpRest, plain: false }).toEqual(http);
  });

  test("restarts the programs whose configuration changed, and no others", async () => {
    const changed = await render({ "operator.config.offers.timeout": "30s" });
    const sum = (list: Manifest[], kind: string, name?: string) =>
      pick(list, kind, name).spec.template.metadata.annotations["checksum/config"];
    expect(sum(changed, "Deployment")).not.toBe(sum(manifests, "Deployment"));
    const agent = ["DaemonSet", "mesos-operator-agent"] as const;
    expect(sum(changed, ...agent)).toBe(sum(manifests, ...agent));
    const network = await render({ "agent.taskNetwork.subnet": "10.1.0.0/16" });
    expect(sum(network, ...agent)).not.toBe(sum(manifests, ...agent));
  });

  test("has the CustomResourceDefinitions of crds/ and their policies, kept on uninstall", () => {
    const crds = join(CHART, "../../crds");
    expect(manifests.filter(({ kind }) => kind === "CustomResourceDefinition")).toHaveLength(8);
    for (const file of readdirSync(crds)) {
      const definition = parse(readFileSync(join(crds, file), "utf8"));
      const one = pick(manifests, definition.kind, definition.metadata.name);
      expect(one.spec).toEqual(definition.spec);
      expect(one.metadata.annotations).toEqual({ "helm.sh/resource-policy": "keep" });
    }
  });

  test("names no image by a tag that moves, and takes digests", async () => {
    const digest = `sha256:${"0".repeat(64)}`;
    expect(container(pick(manifests, "Deployment")).image).toBe("mesos-operator:0.1.0");
    const pinned = await render({ "image.digest": digest, "image.repository": "r.example/m" });
    const pods = pinned.flatMap(({ kind, spec }) =>
      kind === "Pod" ? [spec] : spec?.template ? [spec.template.spec] : [],
    );
    expect(pods).toHaveLength(3);
    for (const pod of pods) {
      for (const one of [...pod.containers, ...(pod.initContainers ?? [])]) {
        expect(one.image).toBe(`r.example/m@${digest}`);
      }
    }
  });
});

describe("security", () => {
  test("the operators run without rights on their node", () => {
    for (const pod of [
      pick(manifests, "Deployment").spec.template,
      pick(manifests, "Pod", "mesos-operator-test"),
    ]) {
      expect(pod.spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 65532,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(pod.spec.containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      expect(JSON.stringify(pod.spec)).not.toMatch(/hostPath|hostNetwork|hostPID|privileged/);
    }
  });

  test("the agents see their node's paths at those paths, and write to nothing else", () => {
    const { spec } = pick(manifests, "DaemonSet", "mesos-operator-agent").spec.template;
    expect(spec).toMatchObject({ hostPID: true, hostNetwork: true, tolerations: [{ operator: "Exists" }] });
    const { securityContext, volumeMounts } = spec.containers[0];
    expect(securityContext).toMatchObject({ privileged: true, readOnlyRootFilesystem: true });
    const host = spec.volumes.filter((volume) => volume.hostPath && volume.name !== "cni");
    const paths = host.map(({ name, hostPath }) => [name, hostPath?.path]);
    const mounted = volumeMounts
      .filter((mount) => paths.some(([name]) => name === mount.name))
      .map(({ name, mountPath }) => [name, mountPath]);
    expect(mounted).toEqual(paths);
    expect(paths.map(([, path]) => path)).toEqual(["/run/containerd", "/var/lib/mesos", "/sys/fs/cgroup"]);
    const work = volumeMounts.find(({ name }) => name === "work");
    expect(work?.mountPropagation).toBe("Bidirectional");
  });

  test("an agent's end is quick, and its tasks' is not in it", () => {
    const { spec } = pick(manifests, "DaemonSet", "mesos-operator-agent");
    expect(spec.template.spec.terminationGracePeriodSeconds).toBeLessThanOrEqual(30);
    expect(spec.updateStrategy.type).toBe("RollingUpdate");
  });

  const rules = () =>
    manifests
      .filter(({ kind }) => kind === "Role" || kind === "ClusterRole")
      .flatMap((role) => role.rules.map((rule) => ({ role: role.metadata.name, ...rule })));

  test("no RBAC rule has a wildcard", () => {
    expect(rules().length).toBeGreaterThan(10);
    for (const { role, apiGroups, resources, verbs, nonResourceURLs } of rules()) {
      const words = [...apiGroups, ...resources, ...verbs, ...(nonResourceURLs ?? [])];
      expect([role, words.filter((word) => word.includes("*"))]).toEqual([role, []]);
    }
  });

  test("no rule lets a program become more than it is", () => {
    for (const { apiGroups, resources, verbs } of rules()) {
      expect(verbs.filter((verb) => ["impersonate", "bind", "escalate"].includes(verb))).toEqual([]);
      // Mesos's own roles are in the API group mesos.dev.
      const access = /^(roles|clusterroles|rolebindings|clusterrolebindings|serviceaccounts|pods\/exec)/;
      if (!apiGroups.includes("mesos.dev")) expect(resources.filter((one) => access.test(one))).toEqual([]);
    }
  });

  test("an agent writes status, its Agent, its Lease and Events, asks about who asks it, and deletes nothing", () => {
    const writes = rules()
      .filter(({ role }) => role.startsWith("mesos-operator-agent"))
      .flatMap(({ resources, verbs }) =>
        resources.flatMap((one) =>
          verbs.filter((verb) => !["get", "list", "watch"].includes(verb)).map((verb) => `${verb} ${one}`),
        ),
      );
    expect(writes.sort()).toEqual([
      "create agents",
      "create events",
      "create leases",
      "create subjectaccessreviews",
      "create tokenreviews",
      "patch agents/status",
      "patch events",
      "patch executors/status",
      "patch leases",
      "patch tasks/status",
      "update executors/status",
      "update tasks/status",
    ]);
  });

  test("Secrets are read by name, where the values say so", async () => {
    const of = (list: Manifest[]) =>
      named(list.filter(({ metadata }) => metadata.name === "mesos-operator-agent-secrets"));
    const name = "mesos-operator-agent-secrets";
    expect(pick(manifests, "ClusterRole", name).rules).toEqual([
      { apiGroups: [""], resources: ["secrets"], verbs: ["get"] },
    ]);
    expect(of(manifests)).toEqual([`ClusterRole/${name}`, `ClusterRoleBinding/${name}`]);
    const some = await render({ "agent.secrets": { access: "Namespaces", namespaces: ["a", "b"] } });
    expect(of(some)).toEqual([`ClusterRole/${name}`, `RoleBinding/${name}`, `RoleBinding/${name}`]);
    expect(of(await render({ "agent.secrets.access": "None" }))).toEqual([]);
  });

  test("what people may do is added to view, edit and admin, and each of them can see", async () => {
    const label = (one: Manifest, role: string) =>
      one.metadata.labels?.[`rbac.authorization.k8s.io/aggregate-to-${role}`];
    const view = pick(manifests, "ClusterRole", "mesos-operator-view");
    const edit = pick(manifests, "ClusterRole", "mesos-operator-edit");
    expect(["view", "edit", "admin"].map((role) => label(view, role))).toEqual(["true", "true", "true"]);
    expect(["view", "edit", "admin"].map((role) => label(edit, role))).toEqual([undefined, "true", "true"]);
    const written = edit.rules.flatMap((rule) => rule.resources);
    expect(written).toEqual(["frameworks", "tasks", "tasks/attach", "tasks/exec", "offers"]);
    const alone = await render({ "rbac.aggregate": false });
    expect(JSON.stringify(alone)).not.toContain("aggregate-to");
  });
});

describe("options", () => {
  const added = async (set: Record<string, unknown>) => {
    const before = named(manifests);
    const after = named(await render(set));
    return {
      more: after.filter((name) => !before.includes(name)),
      less: before.filter((name) => !after.includes(name)),
    };
  };
  const policies = (...names: string[]) =>
    ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"].flatMap((kind) =>
      names.map((name) => `${kind}/mesos-operator-${name}`),
    );

  test.each([
    ["networkPolicy.enabled", true, ["NetworkPolicy/mesos-operator"], []],
    [
      "metrics.serviceMonitor.enabled",
      true,
      ["ServiceMonitor/mesos-operator-agent", "ServiceMonitor/mesos-operator-operator"],
      [],
    ],
    [
      "metrics.service.enabled",
      false,
      [],
      ["Service/mesos-operator-agent-metrics", "Service/mesos-operator-operator-metrics"],
    ],
    ["operator.podDisruptionBudget.enabled", false, [], ["PodDisruptionBudget/mesos-operator"]],
    ["operator.replicas", 1, [], ["PodDisruptionBudget/mesos-operator"]],
    ["slot.priorityClass.create", false, [], ["PriorityClass/mesos-operator-slot"]],
    ["slot.priorityClass.name", "slots", ["PriorityClass/slots"], ["PriorityClass/mesos-operator-slot"]],
    ["criticalPodsQuota.enabled", false, [], ["ResourceQuota/mesos-operator-critical"]],
    [
      "flowControl.enabled",
      false,
      [],
      ["FlowSchema/mesos-operator-leases", "PriorityLevelConfiguration/mesos-operator-leases"],
    ],
    ["admission.nodeBinding", false, [], policies("agent-node")],
    ["admission.podSecurity", false, [], policies("offer-pod-security", "task-pod-security")],
    ["admission.scheduling.enabled", false, [], policies("offers", "placing", "status")],
  ] as const)("%s: %j", async (key, value, more, less) => {
    expect(await added({ [key]: value })).toEqual({ more, less });
  });

  test("crds.install: false leaves them to others", async () => {
    const { less } = await added({ "crds.install": false });
    expect(less.filter((name) => name.startsWith("CustomResourceDefinition/"))).toHaveLength(8);
    const others = less.filter((name) => !name.startsWith("CustomResourceDefinition/"));
    const kinds = ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"];
    const names = ["executors.mesos.dev", "offers.mesos.dev", "tasks.mesos.dev"];
    expect(others.sort()).toEqual(kinds.flatMap((kind) => names.map((name) => `${kind}/${name}`)));
  });

  test("agent.taskNetwork.create: false writes nothing to the nodes", async () => {
    const list = await render({ "agent.taskNetwork.create": false });
    const { spec } = pick(list, "DaemonSet", "mesos-operator-agent").spec.template;
    expect(spec.initContainers).toBeUndefined();
    expect(spec.volumes.map(({ name }) => name)).not.toContain("cni");
  });

  test("another work directory and socket are mounted where they are", async () => {
    const list = await render({
      "agent.config.workDirectory": "/data/mesos",
      "agent.config.containerd.socket": "/run/k3s/containerd/containerd.sock",
    });
    const { spec } = pick(list, "DaemonSet", "mesos-operator-agent").spec.template;
    const paths = spec.containers[0].volumeMounts.map(({ mountPath }) => mountPath);
    expect(paths).toEqual(expect.arrayContaining(["/data/mesos", "/run/k3s/containerd"]));
    expect(paths).not.toContain("/var/lib/mesos");
  });
});

describe("values", () => {
  const path = join(CHART, "values.schema.json");

  test("fit the schema they are checked by", () => {
    expect(chartValues.safeParse(values).error?.issues ?? []).toEqual([]);
    expect(readFileSync(path, "utf8")).toContain('"additionalProperties": false');
  });

  /** Maps that are handed on to Kubernetes as they are. */
  const OPEN = /(^global|annotations|labels|Annotations|Labels|nodeSelector|affinity|resources)$/;
  function* maps(value: unknown, at: string[]): Generator<string[]> {
    if (typeof value !== "object" || value === null || Array.isArray(value) || OPEN.test(at.at(-1) ?? ""))
      return;
    yield at;
    for (const [key, child] of Object.entries(value)) yield* maps(child, [...at, key]);
  }

  test("that nobody knows are refused at every depth", () => {
    const places = [...maps(values, [])];
    expect(places.length).toBeGreaterThan(30);
    for (const place of places) {
      const copy = structuredClone(values);
      const inner = place.reduce((map, key) => map[key], copy);
      inner.surprise = 1;
      const issues = chartValues
        .safeParse(copy)
        .error?.issues.map((issue) => [issue.path.join("."), issue.code]);
      expect(issues).toEqual([[place.join("."), "unrecognized_keys"]]);
    }
  });

  test.each([
    [{ "operator.config.surprise": 1 }, "/operator/config': additional properties 'surprise' not allowed"],
    [{ "operator.config.offers.timeout": "soon" }, "/operator/config/offers/timeout'"],
    [{ "agent.secrets.access": "All" }, "/agent/secrets/access'"],
    [{ "slot.priorityClass.name": "system-node-critical" }, "/slot/priorityClass/name'"],
    [{ "slot.priorityClass.value": 2000000000 }, "/slot/priorityClass/value'"],
    [{ replicas: 3 }, "additional properties 'replicas' not allowed"],
  ])("%j are told to be wrong by helm", async (set, words) => {
    await expect(helm(["template", CHART, ...setting(set)])).rejects.toThrow(words);
  });
});
