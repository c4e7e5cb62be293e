import { setTimeout as delay } from "node:timers/promises";
import type { Connection } from "../../../src/cluster/connection.ts";
import { type Count, readWrites, total, writesBetween } from "./writes.ts";

/** Milliseconds in which nothing but heartbeats may be written. */
const QUIET = 2_500;
const PATIENCE = 60_000;
/** A few writes are always under way: the status of a framework, events. */
const FEW = 3;

/** The operator writes amounts of agents in turn, a few a second, long after the launches that changed them. */
const TRICKLE = "APPLY agents/status";

/** The count of writes once what was measured has settled: updates are acknowledged, slots given back. */
export async function settled(connection: Connection): Promise<Count> {
  const deadline = performance.now() + PATIENCE;
  let before = await readWrites(connection);
  for (;;) {
    await delay(QUIET);
    const after = await readWrites(connection);
    const writes = writesBetween(before.taken, after.taken);
    writes.delete(TRICKLE);
    if (total(writes) <= FEW || performance.now() > deadline) return after;
    before = after;
  }
}
