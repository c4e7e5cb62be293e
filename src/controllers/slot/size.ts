import { SLOT_BASE } from "../../api/group.ts";
import type { OperatorConfig } from "../../config/operator.ts";
import type { ResourceList } from "../node/amounts.ts";
import { amountsOf, milliOf, wholeOf } from "../node/amounts.ts";

/** cpu and memory as Kubernetes counts them in requests. */
export interface Size {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

export const NO_SIZE: Size = { cpuMilli: 0, memoryBytes: 0 };
/** What a slot Pod holds for itself. */
export const BASE: Size = SLOT_BASE;

export const plus = (a: Size, b: Size): Size => ({
  cpuMilli: a.cpuMilli + b.cpuMilli,
  memoryBytes: a.memoryBytes + b.memoryBytes,
});

export const minus = (a: Size, b: Size): Size => ({
  cpuMilli: a.cpuMilli - b.cpuMilli,
  memoryBytes: a.memoryBytes - b.memoryBytes,
});

/** The greater of each. */
export const atLeast = (a: Size, b: Size): Size => ({
  cpuMilli: Math.max(a.cpuMilli, b.cpuMilli),
  memoryBytes: Math.max(a.memoryBytes, b.memoryBytes),
});

/** The smaller of each. */
export const atMost = (a: Size, b: Size): Size => ({
  cpuMilli: Math.min(a.cpuMilli, b.cpuMilli),
  memoryBytes: Math.min(a.memoryBytes, b.memoryBytes),
});

export const fits = (a: Size, room: Size): boolean =>
  a.cpuMilli <= room.cpuMilli && a.memoryBytes <= room.memoryBytes;

export const sameSize = (a: Size, b: Size): boolean =>
  a.cpuMilli === b.cpuMilli && a.memoryBytes === b.memoryBytes;

/** What a slot Pod asks for at least. */
export const minimumSize = ({ cpus, mem }: OperatorConfig["slot"]["minimum"]): Size =>
  plus(BASE, sizeOf({ cpu: cpus, memory: mem }));

/** Of requests; absent is nothing. */
export function sizeOf(list: ResourceList | undefined): Size {
  const amounts = amountsOf(list);
  return { cpuMilli: Number(milliOf(amounts, "cpu")), memoryBytes: Number(wholeOf(amounts, "memory")) };
}

/** As requests of a container. Whole MiB are written as such, for people. */
export function requestsOf({ cpuMilli, memoryBytes }: Size): { cpu: string; memory: string } {
  const mebibytes = memoryBytes / 2 ** 20;
  return {
    cpu: `${cpuMilli}m`,
    memory: Number.isInteger(mebibytes) ? `${mebibytes}Mi` : String(memoryBytes),
  };
}

/** For messages: `500m cpu and 64Mi memory`. */
export function describeSize(size: Size): string {
  const { cpu, memory } = requestsOf(size);
  return `${cpu} cpu and ${memory} memory`;
}
