import { z } from "zod";
import { agentConfig } from "./agent.ts";
import { operatorConfig } from "./operator.ts";

/** Parts of Kubernetes' own API: the API server checks what is in them. */
const kubernetesObject = z.record(z.string(), z.unknown());
const kubernetesList = z.array(kubernetesObject);
const texts = z.record(z.string(), z.string());
const pullPolicy = z.enum(["IfNotPresent", "Always", "Never"]);
const portNumber = z.int().min(1).max(65535);
const countOrPercent = z.union([z.int().min(0), z.string().regex(/^[0-9]+%$/)]);

const image = z.strictObject({
  repository: z.string().min(1).describe("With the registry, without tag."),
  tag: z.string().describe("Empty: the chart's appVersion."),
  digest: z.union([z.literal(""), z.string().regex(/^sha256:[0-9a-f]{64}$/)]).describe("Wins over tag."),
  pullPolicy,
});

/** What the chart gives of a configuration by itself, from its other values. */
const { slot, gateway, ...operatorRest } = operatorConfig.omit({ namespace: true, leaseName: true }).shape;
const chartOperatorConfig = z.strictObject({
  ...operatorRest,
  healthPort: portNumber,
  slot: slot.unwrap().omit({ image: true, imagePullPolicy: true, priorityClassName: true }).prefault({}),
});
const plainListener = z
  .strictObject({ enabled: z.boolean() })
  .describe("Without TLS: what is sent, credentials too, is readable on its way.");
const certificate = z.strictObject({
  secretName: z.string().describe("Of type kubernetes.io/tls; empty: one is made, and kept."),
  dnsNames: z.array(z.string().min(1)).describe("Of the one that is made, besides its own."),
  ipAddresses: z.array(z.string().min(1)),
  days: z.int().min(1).describe("For how long the one that is made is valid."),
});
/** A part of the operator's configuration, with what is around it in the cluster. */
const chartGateway = gateway
  .unwrap()
  .omit({ tls: true, agentPort: true, agentToken: true, agentTls: true })
  .extend({
    port: portNumber,
    plain: plainListener,
    tls: certificate,
    service: z.strictObject({
      type: z.enum(["ClusterIP", "NodePort", "LoadBalancer"]),
      nodePort: z.union([z.literal(0), portNumber]).describe("0: the cluster's choice."),
      annotations: texts,
      loadBalancerSourceRanges: z.array(z.string().min(1)),
    }),
  });
const chartAgentHttp = agentConfig.shape.http
  .unwrap()
  .omit({ tls: true, plain: true })
  .extend({ port: portNumber, plain: plainListener, tls: certificate });
const chartAgentConfig = agentConfig
  .omit({ namespace: true, defaultImage: true, http: true, operatorUser: true })
  .extend({ healthPort: portNumber });

const scheduling = {
  resources: kubernetesObject,
  priorityClassName: z.string(),
  podAnnotations: texts,
  podLabels: texts,
  nodeSelector: texts,
  tolerations: kubernetesList,
  affinity: kubernetesObject,
  extraEnv: kubernetesList,
};

/** The values of charts/mesos-operator; values.schema.json is made of it. Unknown keys are refused, at every depth. */
export const chartValues = z.strictObject({
  global: z.record(z.string(), z.unknown()).optional().describe("Helm's own."),
  nameOverride: z.string(),
  fullnameOverride: z.string().max(40),
  image,
  taskImage: image,
  imagePullSecrets: z.array(z.strictObject({ name: z.string().min(1) })),
  crds: z.strictObject({ install: z.boolean() }),
  operator: z.strictObject({
    replicas: z.int().min(0).max(9),
    config: chartOperatorConfig,
    nodeFlags: z.array(z.string().startsWith("--")).describe("Of Node, as for its heap."),
    ...scheduling,
    topologySpreadConstraints: kubernetesList,
    podDisruptionBudget: z.strictObject({ enabled: z.boolean(), minAvailable: countOrPercent }),
  }),
  gateway: chartGateway,
  agent: z.strictObject({
    config: chartAgentConfig,
    http: chartAgentHttp,
    taskNetwork: z.strictObject({
      create: z.boolean(),
      subnet: z.string().regex(/^[0-9]{1,3}(\.[0-9]{1,3}){3}\/[0-9]{1,2}$/),
    }),
    secrets: z.strictObject({
      access: z.enum(["Cluster", "Namespaces", "None"]),
      namespaces: z.array(z.string().min(1)),
    }),
    ...scheduling,
    updateStrategy: z.strictObject({
      type: z.enum(["RollingUpdate", "OnDelete"]),
      rollingUpdate: z
        .strictObject({ maxUnavailable: countOrPercent.optional(), maxSurge: z.literal(0).optional() })
        .nullish()
        .describe("No surge: two agents cannot share a node's ports."),
    }),
    terminationGracePeriodSeconds: z.int().min(0).max(60),
  }),
  slot: z.strictObject({
    priorityClass: z.strictObject({
      create: z.boolean(),
      name: z
        .string()
        .regex(/^([^s]|s[^y]|sy[^s]|sys[^t]|syst[^e]|syste[^m]|system[^-]|$)/)
        .describe("No system- class: the kubelet ends other Pods for a resize of a Pod of those."),
      value: z
        .int()
        .min(-2147483648)
        .max(1_000_000_000)
        .describe("Kubernetes' limit for classes of one's own."),
    }),
  }),
  criticalPodsQuota: z.strictObject({ enabled: z.boolean(), pods: z.int().min(1) }),
  admission: z.strictObject({
    nodeBinding: z.boolean(),
    podSecurity: z.boolean(),
    scheduling: z.strictObject({ enabled: z.boolean(), exemptUsers: z.array(z.string().min(1)) }),
    untracked: z.boolean(),
  }),
  flowControl: z.strictObject({
    enabled: z.boolean(),
    leaseShares: z
      .int()
      .min(1)
      .max(1000)
      .describe("Of the API server's concurrency; Kubernetes' leader-election has 10."),
  }),
  rbac: z.strictObject({ aggregate: z.boolean() }),
  serviceAccount: z.strictObject({
    operator: z.strictObject({ annotations: texts }),
    agent: z.strictObject({ annotations: texts }),
  }),
  metrics: z.strictObject({
    service: z.strictObject({ enabled: z.boolean(), annotations: texts }),
    serviceMonitor: z.strictObject({ enabled: z.boolean(), interval: z.string(), labels: texts }),
  }),
  networkPolicy: z.strictObject({
    enabled: z.boolean(),
    apiServerPorts: z.array(portNumber).min(1),
    metricsFrom: kubernetesList,
    gatewayFrom: kubernetesList,
  }),
  tests: z.strictObject({ timeoutSeconds: z.int().min(1) }),
});
export type ChartValues = z.output<typeof chartValues>;

/** values.schema.json, in the draft of JSON Schema that every Helm 3 reads. */
export function chartSchema(): object {
  const schema = z.toJSONSchema(chartValues, {
    io: "input",
    target: "draft-7",
    reused: "inline",
    unrepresentable: "throw",
    override: ({ jsonSchema }) => {
      for (const key of Object.keys(jsonSchema)) {
        if (key.startsWith("x-")) delete jsonSchema[key as keyof typeof jsonSchema];
      }
    },
  });
  return { ...schema, title: "Values of the chart mesos-operator" };
}
