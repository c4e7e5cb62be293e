import { constants } from "node:os";
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { ExitStatus } from "./containerizer.ts";
import { InvalidSpecError } from "./errors.ts";

const NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));
/** Shells and runtimes report a process ended by signal n as 128 + n. */
const SIGNAL_BASE = 128;

export function signalNumber(name: string): number {
  const number = (constants.signals as Readonly<Record<string, number>>)[name];
  if (number === undefined) throw new InvalidSpecError(`signal ${name} is not known`);
  return number;
}

/** `oomKill`: whether the kernel killed in the container; it counts only when the container did not end well in spite of it. */
export function exitStatusOf(
  end: { readonly exitStatus: number; readonly exitedAt?: Timestamp | undefined },
  oomKill: boolean,
): ExitStatus {
  const signal = NAMES.get(end.exitStatus - SIGNAL_BASE);
  return {
    code: end.exitStatus,
    exitedAt: end.exitedAt === undefined ? new Date(0) : timestampDate(end.exitedAt),
    oomKilled: oomKill && end.exitStatus !== 0,
    ...(signal === undefined ? {} : { signal }),
  };
}
