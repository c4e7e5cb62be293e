import { z } from "zod";
import { duration, positiveDuration } from "../api/duration.ts";
import { resourceName } from "../api/name.ts";
import { quantity } from "../api/resource.ts";
import { rate } from "./rate.ts";

const portRange = z.string().regex(/^[0-9]+-[0-9]+$/);

/** Configuration of the operator: the chart writes it, `MESOS_CONFIG` names the file (YAML). */
export const operatorConfig = z.strictObject({
  namespace: z
    .string()
    .min(1)
    .default("mesos-system")
    .describe("Namespace of the operator, its Leases and the slot Pods."),
  leaseName: z
    .string()
    .min(1)
    .default("mesos-operator")
    .describe("Lease by which the replicas elect a leader."),
  logLevel: z.enum(["trace", "debug", "info", "warn", "error"]).default("info"),
  healthPort: z.int().min(0).max(65535).default(8080).describe("/livez, /readyz and /metrics."),
  client: z
    .strictObject({ qps: z.number().positive().default(200), burst: z.int().positive().default(400) })
    .prefault({})
    .describe("Limits of calls to the API server."),
  allocation: z
    .strictObject({
      interval: duration.default("1s").describe("Time between allocations when nothing asks for one."),
      sorter: z.enum(["drf", "random"]).default("drf"),
      placement: z
        .enum(["first-fit", "bin-pack", "bin-pack-cpu", "bin-pack-mem", "spread", "spread-cpu", "spread-mem"])
        .default("first-fit")
        .describe("For tasks without an offer."),
      minAllocatable: z
        .string()
        .default("cpus:0.01|mem:32")
        .describe("Smallest offer; ';' is and, '|' is or."),
      excludeFromFairness: z
        .array(resourceName)
        .default([])
        .describe("Resources that no dominant share counts."),
      failoverPause: z
        .strictObject({
          factor: z
            .number()
            .min(0)
            .max(1)
            .default(0)
            .describe("Agents that must be back, as a part of all; 0: no pause."),
          timeout: duration.default("10m").describe("After this nobody is waited for."),
        })
        .prefault({})
        .describe(
          "While quotas exist, a new leader offers nothing before these agents are back. Mesos: 0.8.",
        ),
      reclaim: z
        .strictObject({
          enabled: z
            .boolean()
            .default(false)
            .describe("Take tasks back from roles above their fair share for roles below theirs."),
          patience: duration.default("30s").describe("How long a role must have been short."),
          grace: duration.default("30s").describe("Time from a task's condition Reclaiming to its kill."),
          settle: positiveDuration
            .default("30s")
            .describe(
              "Rest of a role after something was taken for it; longer each time that it was no use.",
            ),
        })
        .prefault({}),
    })
    .prefault({}),
  offers: z
    .strictObject({
      timeout: duration.default("60s").describe("Offers not answered by then are taken back."),
      maxPerFramework: z.int().positive().default(64).describe("Offers outstanding at a time."),
      closedTtl: duration.default("10m").describe("How long a closed Offer is kept."),
      refuse: duration.default("5s").describe("Default filter of what is declined."),
    })
    .prefault({}),
  tasks: z.strictObject({ ttlAfterFinished: duration.default("1h") }).prefault({}),
  roles: z
    .strictObject({
      implicit: z.boolean().default(true).describe("Accept roles without a Role object, at weight 1."),
    })
    .prefault({}),
  agents: z
    .strictObject({
      timeout: duration
        .default("75s")
        .describe("An agent that has not renewed its Lease by then is unreachable."),
      headroom: z
        .strictObject({ cpus: quantity.default("100m"), mem: quantity.default("128Mi") })
        .prefault({})
        .describe("Left to kube-scheduler on each node."),
      diskReserve: quantity.default("2Gi").describe("Of the node's ephemeral storage, not offered."),
      ports: z.array(portRange).default(["20000-29999"]).describe("Ports offered on each node."),
      attributeLabels: z
        .array(z.string())
        .default([
          "kubernetes.io/hostname",
          "kubernetes.io/arch",
          "kubernetes.io/os",
          "topology.kubernetes.io/region",
          "topology.kubernetes.io/zone",
        ])
        .describe("Node labels that become text attributes; a trailing * stands for any rest."),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      enabled: z.boolean().default(false).describe("Serve the Mesos v1 API."),
      port: z.int().min(0).max(65535).default(5050),
      advertise: z
        .string()
        .default("")
        .describe("host:port that clients are told, in redirects and master_info; empty: the Pod's address."),
      namespace: z
        .string()
        .min(1)
        .default("default")
        .describe("Of the frameworks of principals that have no namespace of their own."),
      anonymous: z
        .boolean()
        .default(false)
        .describe("Let in who gives no credentials, to do whatever the gateway can in its namespace."),
      agentPort: z.int().min(1).max(65535).default(5051).describe("Of the agents' API."),
      agentToken: z
        .string()
        .default("/var/run/secrets/mesos.dev/agent/token")
        .describe("File of the token that agents know the operator by, to pass on executors' messages."),
      agentTls: z
        .strictObject({ ca: z.string().min(1), serverName: z.string().min(1) })
        .optional()
        .describe(
          "File of the authorities that sign the agents' certificates, and the name that these are for; absent: executors' messages go without TLS.",
        ),
      followers: z
        .enum(["Redirect", "Proxy"])
        .default("Redirect")
        .describe("What a replica that does not lead does: 307 to the leader, or pass the request on to it."),
      heartbeat: positiveDuration.default("15s").describe("Time between heartbeats to subscribers."),
      tls: z
        .strictObject({ cert: z.string().min(1), key: z.string().min(1) })
        .optional()
        .describe(
          "Files of a certificate and its key, read again when they change; absent: a plain listener.",
        ),
      requests: rate({ perSecond: 500, burst: 1000, waiting: 1000 }).describe(
        "Of each principal; what comes faster waits.",
      ),
      requestsPerAddress: rate({ perSecond: 2000, burst: 4000, waiting: 2000 }).describe(
        "Of each address, before it is known whose they are; behind a load balancer that is all.",
      ),
      maxConnections: z.int().positive().default(10_000).describe("Open at a time; more are closed at once."),
      maxBodyBytes: z.int().positive().default(16777216).describe("Longest body of a request."),
      maxBufferedBytes: z
        .int()
        .positive()
        .default(8388608)
        .describe(
          "A subscriber that leaves more than this unread for 2s, or 8 times as much at once, is dropped.",
        ),
    })
    .prefault({}),
  slot: z
    .strictObject({
      image: z
        .string()
        .default("mesos-task-default:dev")
        .describe("Image of the slot Pods: anything that can sleep."),
      imagePullPolicy: z.enum(["IfNotPresent", "Always", "Never"]).default("IfNotPresent"),
      priorityClassName: z.string().default("").describe("PriorityClass of the slot Pods."),
      deferredTimeout: duration
        .default("5s")
        .describe("A resize Deferred for so long drops the launches that wait for it."),
      minimum: z
        .strictObject({ cpus: quantity.default("0"), mem: quantity.default("0") })
        .prefault({})
        .describe(
          "Room for tasks that each slot Pod keeps, used or not, where its node has it: launches that fit wait for no kubelet.",
        ),
      tolerations: z.array(z.record(z.string(), z.unknown())).default([{ operator: "Exists" }]),
    })
    .prefault({}),
});
export type OperatorConfig = z.output<typeof operatorConfig>;
