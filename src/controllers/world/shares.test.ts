import { expect, it } from "vitest";
import { parseResources, Quantities } from "../../resources/index.ts";
import { ClusterTotals, dominantShare, percent } from "./shares.ts";

const record = (quantities: Quantities) => Object.fromEntries(quantities);
const of = (record: Record<string, number>) => Quantities.fromRecord(record);

it("is the largest share of any resource", () => {
  expect(dominantShare(of({ cpus: 1, mem: 100 }), of({ cpus: 8, mem: 1000 }))).toBe(0.125);
  expect(dominantShare(of({ cpus: 1, mem: 500 }), of({ cpus: 8, mem: 1000 }))).toBe(0.5);
  expect(dominantShare(of({ cpus: 1, gpus: 1 }), of({ cpus: 8, gpus: 1 }), ["gpus"])).toBe(0.125);
  expect(dominantShare(of({ cpus: 1 }), of({}))).toBe(0);
  expect(percent(0.125)).toBe("12.5%");
});

it("keeps the sum of all agents as they come, change and go", () => {
  const totals = new ClusterTotals();
  totals.set("a", parseResources("cpus:1.5;mem:100;ports:[20000-20009]"));
  totals.set("b", parseResources("cpus:2;mem:50"));
  expect(record(totals.get())).toEqual({ cpus: 3500, mem: 150_000 });
  expect(record(totals.quantities())).toEqual({ cpus: 3500, mem: 150_000, ports: 10_000 });
  totals.set("a", parseResources("cpus:0.1"));
  totals.set("a", parseResources("cpus:0.2"));
  totals.set("b", undefined);
  totals.set("b", undefined);
  expect(record(totals.quantities())).toEqual({ cpus: 200 });
});
