import { expect, it } from "vitest";
import { Quantities } from "../../resources/index.ts";
import { dominantShare, percent } from "./shares.ts";

const of = (record: Record<string, number>) => Quantities.fromRecord(record);

it("is the largest share of any resource", () => {
  expect(dominantShare(of({ cpus: 1, mem: 100 }), of({ cpus: 8, mem: 1000 }))).toBe(0.125);
  expect(dominantShare(of({ cpus: 1, mem: 500 }), of({ cpus: 8, mem: 1000 }))).toBe(0.5);
  expect(dominantShare(of({ cpus: 1, gpus: 1 }), of({ cpus: 8, gpus: 1 }), ["gpus"])).toBe(0.125);
  expect(dominantShare(of({ cpus: 1 }), of({}))).toBe(0);
  expect(percent(0.125)).toBe("12.5%");
});
