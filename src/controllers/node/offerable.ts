import type { Agent } from "../../api/agent.ts";
import { SLOT_BASE } from "../../api/group.ts";
import type { Node, Pod } from "../../cluster/core.ts";
import type { Live } from "../../cluster/object.ts";
import { Shared } from "../../cluster/shared.ts";
import type { OperatorConfig } from "../../config/operator.ts";
import {
  coalesce,
  fromSpec,
  makeResource,
  type RangeSpec,
  type Resource,
  ResourceError,
  Resources,
  rangesSize,
  subtractRanges,
} from "../../resources/index.ts";
import { isSlot } from "../slot/state.ts";
import { type Amounts, amountsOf, milliOf, wholeOf } from "./amounts.ts";
import { hostPorts } from "./hostPorts.ts";
import { podRequests } from "./podRequests.ts";
import { type Held, type NodeFacts, notOffered, notReady } from "./readiness.ts";

export type { NodeFacts } from "./readiness.ts";

export interface Offerable {
  /** What the node could give if no other Pod ran there: unreserved. */
  readonly capacity: Resources;
  /** Capacity less what other Pods request. Tasks, offers and reservations must fit in here. */
  readonly offerable: Resources;
  /** Why nothing new may be offered. */
  readonly held?: Held;
  /** What is wrong with Agent.spec.resources; they count as none then. */
  readonly problem?: string;
}

/** Ranges in a resource of the API. */
const MOST_RANGES = 64;
/** Come from the node, not from Agent.spec; gpus need a device plugin's word, which a slot does not have. */
const FROM_NODE: ReadonlySet<string> = new Set(["cpus", "mem", "disk", "ports", "gpus"]);
const MEBIBYTE = 1n << 20n;

/** In the units of Kubernetes, before it becomes Resources. */
interface Room {
  readonly cpuMilli: bigint;
  readonly memoryBytes: bigint;
  readonly diskBytes: bigint;
  readonly ports: readonly RangeSpec[];
}

/**
 * What may be offered of a node without booking anything twice: allocatable less the requests of all Pods but the slot
 * Pod (whose requests stand for the tasks), the slot's own base and the headroom left to kube-scheduler.
 */
export function offerable(facts: NodeFacts, config: OperatorConfig): Offerable {
  const slot = facts.pods.find((pod) => isSlot(pod, config.namespace));
  const others = facts.pods.filter((pod) => pod !== slot);
  const empty = emptyNode(facts.node, config);
  const { resources: custom, problem } = customResources(facts.agent);
  const reason = notReady(facts, slot) ?? notOffered(facts, slot);
  return {
    capacity: toResources(empty).add(custom),
    offerable: toResources(without(empty, others)).add(custom),
    ...(reason && { held: reason }),
    ...(problem !== undefined && { problem }),
  };
}

/** cpu and memory that the kubelet could grant the slot Pod: what other Pods leave, the headroom included. */
export function slotRoom(
  node: Node | undefined,
  pods: readonly Live<Pod>[],
  namespace: string,
): { cpuMilli: number; memoryBytes: number } {
  const allocatable = amountsOf(node?.status?.allocatable);
  const others = pods.filter((pod) => !isSlot(pod, namespace)).map(podRequests);
  return {
    cpuMilli: Number(positive(milliFloor(allocatable) - sum(others, (one) => milliOf(one, "cpu")))),
    memoryBytes: Number(
      positive(wholeOf(allocatable, "memory") - sum(others, (one) => wholeOf(one, "memory"))),
    ),
  };
}

function emptyNode(node: Node | undefined, { agents }: OperatorConfig): Room {
  const allocatable = amountsOf(node?.status?.allocatable);
  const headroom = amountsOf({ cpu: agents.headroom.cpus, memory: agents.headroom.mem });
  const reserve = amountsOf({ disk: agents.diskReserve });
  return {
    cpuMilli: milliFloor(allocatable) - milliOf(headroom, "cpu") - BigInt(SLOT_BASE.cpuMilli),
    memoryBytes: wholeOf(allocatable, "memory") - wholeOf(headroom, "memory") - BigInt(SLOT_BASE.memoryBytes),
    diskBytes: wholeOf(allocatable, "ephemeral-storage") - wholeOf(reserve, "disk"),
    ports: node === undefined ? [] : coalesce(agents.ports.map(portRange)),
  };
}

function without(room: Room, pods: readonly Pod[]): Room {
  const requests = pods.map(podRequests);
  return {
    cpuMilli: room.cpuMilli - sum(requests, (one) => milliOf(one, "cpu")),
    memoryBytes: room.memoryBytes - sum(requests, (one) => wholeOf(one, "memory")),
    diskBytes: room.diskBytes - sum(requests, (one) => wholeOf(one, "ephemeral-storage")),
    ports: subtractRanges(room.ports, coalesce(pods.flatMap(hostPorts))),
  };
}

const sum = (list: readonly Amounts[], pick: (one: Amounts) => bigint): bigint =>
  list.reduce((total, one) => total + pick(one), 0n);

const positive = (value: bigint): bigint => (value > 0n ? value : 0n);
const milliFloor = (amounts: Amounts): bigint => (amounts.get("cpu") ?? 0n) / 1_000_000n;

function portRange(text: string): RangeSpec {
  const [begin = 0, end = 0] = text.split("-").map(Number);
  return { begin, end };
}

/** Nodes are alike, and the allocator keeps what it works out of Resources with them. */
const known = new Shared<Resources>();

function toResources(room: Room): Resources {
  const ports = room.ports.map(({ begin, end }) => `${begin}-${end}`);
  const key = [room.cpuMilli, room.memoryBytes, room.diskBytes, ...ports].join(" ");
  return known.get(key, () => Resources.of(makeResources(room)));
}

function makeResources({ cpuMilli, memoryBytes, diskBytes, ports }: Room): Resource[] {
  const scalar = (name: string, milli: bigint) =>
    makeResource({ name, value: { kind: "scalar", milli: Number(positive(milli)) } });
  const toMilli = (bytes: bigint) => (positive(bytes) * 1000n) / MEBIBYTE;
  return [
    scalar("cpus", cpuMilli),
    scalar("mem", toMilli(memoryBytes)),
    scalar("disk", toMilli(diskBytes)),
    makeResource({ name: "ports", value: { kind: "ranges", ranges: largest(ports) } }),
  ];
}

/** The ranges with the most ports, if there are more than the API can say. */
function largest(ranges: readonly RangeSpec[]): readonly RangeSpec[] {
  if (ranges.length <= MOST_RANGES) return ranges;
  const bySize = [...ranges].sort((a, b) => rangesSize([b]) - rangesSize([a]));
  return coalesce(bySize.slice(0, MOST_RANGES));
}

function customResources(agent: Agent): { resources: Resources; problem?: string } {
  const given = agent.spec.resources ?? [];
  const own = given.filter(({ name }) => !FROM_NODE.has(name));
  const names = given.filter(({ name }) => FROM_NODE.has(name)).map(({ name }) => name);
  const ignored =
    names.length === 0 ? {} : { problem: `${names.join(", ")}: taken from the node, not from here` };
  try {
    return { resources: fromSpec(own, { field: "spec.resources", rounding: "down" }), ...ignored };
  } catch (error) {
    if (error instanceof ResourceError) return { resources: Resources.empty, problem: error.message };
    throw error;
  }
}
