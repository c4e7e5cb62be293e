import { z } from "zod";
import { duration } from "../api/duration.ts";
import { quantity } from "../api/resource.ts";
import { rate } from "./rate.ts";

/** Configuration of the agent: the chart writes it, `MESOS_CONFIG` names the file (YAML). */
export const agentConfig = z.strictObject({
  namespace: z
    .string()
    .min(1)
    .default("mesos-system")
    .describe("Namespace of the operator, the Leases and the slot Pods."),
  operatorUser: z
    .string()
    .default("system:serviceaccount:mesos-system:mesos-operator")
    .describe("The operator to Kubernetes: who may pass messages to executors."),
  logLevel: z.enum(["trace", "debug", "info", "warn", "error"]).default("info"),
  healthPort: z.int().min(0).max(65535).default(5052).describe("/livez, /readyz and /metrics."),
  http: z
    .strictObject({
      port: z.int().min(0).max(65535).default(5051),
      authenticateExecutors: z
        .boolean()
        .default(true)
        .describe("Whether executors must send the token of their environment; few libraries do not."),
      tls: z
        .strictObject({ cert: z.string().min(1), key: z.string().min(1) })
        .optional()
        .describe("Files in PEM. Absent: without TLS executors alone are served, unless plain is true."),
      plain: z
        .boolean()
        .default(false)
        .describe("Serve operators without TLS too: what is sent, credentials too, is readable on its way."),
      requests: rate({ perSecond: 50, burst: 200, waiting: 200 }).describe(
        "Of each principal; what comes faster waits.",
      ),
      requestsPerAddress: rate({ perSecond: 25, burst: 200, waiting: 200 }).describe(
        "Of each address, before it is known whose they are.",
      ),
      executorRequests: rate({ perSecond: 200, burst: 1000, waiting: 1000 }).describe("Of each executor."),
      maxConnections: z.int().positive().default(1000).describe("Open at a time; more are closed at once."),
      maxBodyBytes: z
        .int()
        .min(1024)
        .default(1 << 20),
    })
    .prefault({})
    .describe("Mesos's agent API. Executors are served with TLS and without, on the one port."),
  workDirectory: z
    .string()
    .default("/var/lib/mesos")
    .describe("On the node: sandboxes, checkpoints, volumes, cache."),
  containerd: z
    .strictObject({
      socket: z.string().default("/run/containerd/containerd.sock"),
      namespace: z.string().default("mesos"),
      snapshotter: z.string().default("overlayfs"),
      hostsDirectory: z.string().default("/etc/containerd/certs.d"),
    })
    .prefault({}),
  defaultImage: z.string().default("mesos-task-default:dev").describe("Image of tasks that name none."),
  init: z
    .string()
    .default("/bin/tini")
    .describe(
      "Program of the agent's image that is the first process of a task with a command; empty: none.",
    ),
  cfsQuota: z
    .boolean()
    .default(false)
    .describe("Cap every task's cpus by CFS, as Mesos's cgroups_enable_cfs."),
  pidsLimit: z.int().positive().default(4096).describe("Processes and threads of a task that sets no limit."),
  leaseRenewal: duration.default("15s").describe("How often the agent renews its Lease."),
  leaseDuration: duration.default("75s"),
  sandboxTtl: duration.default("7d").describe("How long the sandbox of an ended task is kept."),
  sandboxDiskInterval: duration.default("15s").describe("How often the disk usage of sandboxes is measured."),
  logs: z
    .strictObject({ maxSize: quantity.default("10Mi"), files: z.int().min(1).max(100).default(5) })
    .prefault({})
    .describe("Rotation of stdout and stderr."),
  uriCacheSize: quantity.default("2Gi"),
  uriTimeout: duration.default("5m"),
  network: z
    .strictObject({
      configDirectory: z.string().default("/etc/mesos/cni"),
      binaryDirectories: z.array(z.string()).default(["/opt/cni/bin", "/usr/lib/cni"]),
      defaultName: z.string().default("mesos"),
    })
    .prefault({}),
  memoryPressure: z
    .strictObject({
      availableBelow: quantity
        .default("200Mi")
        .describe("The agent ends a task before the kubelet's threshold."),
    })
    .prefault({}),
});
export type AgentConfig = z.output<typeof agentConfig>;
