import { z } from "zod";
import { conditions, observedGeneration } from "./condition.ts";
import { duration } from "./duration.ts";
import { columns, defineKind, type KubernetesObject } from "./kind.ts";
import { objectName, timestamp } from "./name.ts";
import { attribute, givenResources, resources } from "./resource.ts";
import { listMap, rules } from "./rule.ts";

export const agentSpec = z.object({
  unschedulable: z.boolean().default(false).describe("No new offers; tasks go on (Mesos: DEACTIVATE_AGENT)."),
  draining: z
    .object({
      grace: duration.optional().describe("Longest grace period of a kill; absent: each task's own."),
      markGone: z.boolean().default(false).describe("When drained, its tasks are told to be gone for good."),
    })
    .optional()
    .describe("Kill its tasks and offer nothing (Mesos: DRAIN_AGENT); remove it to reactivate."),
  attributes: listMap(z.array(attribute).max(128), "name")
    .optional()
    .describe("Attributes beside those from the node's labels; these win."),
  resources: rules(givenResources, {
    rule: "self.all(r, !(r.name in ['cpus', 'mem', 'disk', 'ports']))",
    message: "cpus, mem, disk and ports come from the node and the chart: give other resources here",
  })
    .optional()
    .describe("Resources beside cpus, mem, disk and ports: custom scalars, ranges and sets."),
  maintenance: z
    .object({
      start: timestamp.describe("When the node becomes unavailable."),
      duration: duration.optional().describe("For how long; absent: for good."),
    })
    .optional()
    .describe(
      "Planned maintenance: told in offers, asked of frameworks in inverse offers; the agent is not offered while it lasts.",
    ),
});

const maintenanceStatus = z.object({
  unavailability: z
    .object({
      start: timestamp.describe("When it starts."),
      duration: duration.optional().describe("For how long; absent: for good."),
    })
    .describe("The window as spec has it."),
  generation: z.int().min(0).describe("Generation of spec with which this window was seen first."),
  phase: z
    .enum(["Planned", "InProgress", "Over"])
    .describe("Before its start, from then on (the agent is not offered), or after its end."),
  // One writer, and a whole: server-side apply makes null of a map that it empties, which the schema refuses.
  frameworks: z
    .array(
      z.object({
        namespace: objectName.describe("The framework's namespace."),
        framework: objectName.describe("Its name."),
        id: z.string().max(64).describe("Its uid: one made anew under its name is another."),
        response: z
          .enum(["ACCEPT", "DECLINE", "UNKNOWN"])
          .describe("Its last answer (Mesos: InverseOfferStatus); UNKNOWN: none yet."),
        at: timestamp.optional().describe("When it answered."),
        askAgainAt: timestamp
          .optional()
          .describe("When it is asked again, if it runs tasks there then; absent after ACCEPT: not."),
        asked: z.int().min(0).describe("Inverse offers about this window that were closed."),
      }),
    )
    .max(1024)
    .describe("Frameworks that run tasks there or have answered."),
});
export type MaintenanceStatus = z.output<typeof maintenanceStatus>;

export const agentStatus = z.object({
  observedGeneration,
  hostname: z.string().max(253).optional().describe("The node's host name."),
  addresses: z.array(z.string().max(64)).max(8).optional().describe("The node's addresses."),
  version: z.string().max(64).optional().describe("Version of the agent program."),
  containerd: z.string().max(64).optional().describe("Version of containerd."),
  bootId: z.string().max(64).optional().describe("Boot id of the node."),
  startedAt: timestamp.optional().describe("When the agent program started."),
  capacity: resources.optional().describe("What the node could give if nothing else ran there."),
  offerable: resources.optional().describe("Capacity less what other Pods request and the headroom."),
  allocated: resources.optional().describe("What tasks hold."),
  offered: resources.optional().describe("What is offered now."),
  reserved: resources.optional().describe("What is reserved, with its reservations and volumes."),
  attributes: z.array(attribute).max(256).optional().describe("Attributes as they are offered."),
  tasks: z.int().optional().describe("Tasks that have not ended."),
  slot: z
    .object({
      pod: z.string().max(253).optional().describe("The slot Pod."),
      cpus: z.number().optional().describe("cpus granted to tasks by the kubelet."),
      mem: z.number().optional().describe("MiB granted to tasks by the kubelet."),
      resize: z
        .string()
        .max(64)
        .optional()
        .describe("Resize under way: Pending, Deferred, Infeasible, InProgress."),
    })
    .optional()
    .describe("The slot Pod, through which kube-scheduler sees what tasks hold."),
  draining: z.enum(["DRAINING", "DRAINED"]).optional().describe("Mesos's DrainState."),
  maintenance: maintenanceStatus
    .optional()
    .describe("How the planned maintenance stands, and what frameworks answered."),
  conditions,
});

export const Agent = defineKind({
  kind: "Agent",
  plural: "agents",
  singular: "agent",
  shortNames: ["magent"],
  scope: "Cluster",
  description: "A node that runs tasks. Made by the agent program of the node; spec is the administrator's.",
  spec: agentSpec,
  status: agentStatus,
  rules: [],
  printerColumns: columns(
    ["Ready", '.status.conditions[?(@.type=="Ready")].status'],
    ["Cpus", '.status.offerable[?(@.name=="cpus")].scalar', "number"],
    ["Used", '.status.allocated[?(@.name=="cpus")].scalar', "number"],
    ["Mem", '.status.offerable[?(@.name=="mem")].scalar', "number"],
    ["MemUsed", '.status.allocated[?(@.name=="mem")].scalar', "number"],
    ["Tasks", ".status.tasks", "integer"],
    ["Draining", ".status.draining"],
    ["Maintenance", ".status.maintenance.phase"],
    ["Version", ".status.version", "string", 1],
  ),
  selectableFields: [],
});
export type AgentSpec = z.output<typeof agentSpec>;
export type AgentStatus = z.output<typeof agentStatus>;
export type Agent = KubernetesObject<AgentSpec, AgentStatus>;
