import { agentLeaseName } from "../../../../src/api/group.ts";
import type { Connection } from "../../../../src/cluster/connection.ts";
import { leases } from "../../../../src/cluster/core.ts";
import { microTimestamp, sleep, systemClock } from "../../../../src/cluster/time.ts";
import { nodeName, SYSTEM } from "./protocol.ts";

/** Milliseconds: those that fall due within one of these are renewed together. */
const TICK = 50;

/** Renews the Leases of all agents spread evenly over each interval, as those of agents started at all times are. */
export async function keepAlive(
  connection: Connection,
  count: number,
  interval: number,
  late: (milliseconds: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const handle = leases(connection);
  const renew = async (index: number): Promise<void> => {
    const spec = { renewTime: microTimestamp(Date.now()) };
    const ref = { name: agentLeaseName(nodeName(index)), namespace: SYSTEM };
    // The next one comes soon.
    await handle.mergePatch(ref, { spec }, { signal, timeout: interval }).catch(() => {});
  };
  for (let begin = performance.now(); !signal.aborted; begin += interval) {
    const open: Promise<void>[] = [];
    for (let next = 0; next < count && !signal.aborted; ) {
      const due = Math.min(count, Math.floor(((performance.now() - begin) / interval) * count) + 1);
      for (; next < due; next++) open.push(renew(next));
      await sleep(systemClock, TICK, signal).catch(() => {});
    }
    await Promise.all(open);
    late(Math.max(0, Math.round(performance.now() - begin - interval)));
    const left = begin + interval - performance.now();
    if (left > 0) await sleep(systemClock, left, signal).catch(() => {});
  }
}
