import type { Pod } from "../../../../src/cluster/core.ts";

/** Milliseconds for which `sleep N` runs; undefined for what runs until it is killed. */
export function sleepTime(command: string | undefined): number | undefined {
  const seconds = /^sleep ([0-9.]+)$/.exec(command ?? "")?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** What the first container of a Pod runs, as one line. */
export const podCommand = ({ spec }: Pod): string => spec?.containers[0]?.command?.join(" ") ?? "";
