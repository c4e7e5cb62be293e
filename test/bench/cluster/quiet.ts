import { setTimeout as delay } from "node:timers/promises";
import type { Connection } from "../../../src/cluster/connection.ts";
import { readWrites, total, type Writes, writesBetween } from "./writes.ts";

/** Milliseconds in which nothing but heartbeats may be written. */
const QUIET = 2_500;
const PATIENCE = 60_000;
/** A few writes are always under way: the status of a framework, events. */
const FEW = 3;

/** The count of writes once what was measured has settled: amounts in status, slots that are given back. */
export async function settled(connection: Connection): Promise<Writes> {
  const deadline = performance.now() + PATIENCE;
  let before = await readWrites(connection);
  for (;;) {
    await delay(QUIET);
    const after = await readWrites(connection);
    if (total(writesBetween(before, after)) <= FEW || performance.now() > deadline) return after;
    before = after;
  }
}
