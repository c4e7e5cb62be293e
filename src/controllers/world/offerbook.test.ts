import { describe, expect, it } from "vitest";
import type { Offer } from "../../api/offer.ts";
import { ManualClock } from "../../cluster/manual-clock.ts";
import type { Live } from "../../cluster/object.ts";
import { list, offer } from "../objects.fixture.ts";
import { OfferBook } from "./offerbook.ts";

const mirror = { store: { get: () => undefined }, follow: () => () => {} };

function book() {
  const told: string[] = [];
  const made = new OfferBook(mirror, new ManualClock(), ({ spec }: Live<Offer>) => told.push(spec.agent));
  return { made, told };
}

describe("OfferBook", () => {
  it("shows streamed offers beside the written ones, to whoever asks", () => {
    const { made, told } = book();
    const [a, b] = [offer("a", { agent: "n1" }), offer("b", { agent: "n2", framework: "other" })];
    made.open(a);
    made.open(b);
    const written = [offer("w", { agent: "n1" })];
    const names = (list: readonly Live<Offer>[]) => list.map(({ metadata }) => metadata.name);
    expect(names(made.with(written, ({ spec }) => spec.agent === "n1"))).toEqual(["w", "a"]);
    expect(names(made.with([], () => true, { agent: "n2" }))).toEqual(["b"]);
    expect(names(made.with([], () => true, { framework: "ns/fw" }))).toEqual(["a"]);
    expect(names([...made.streamed()])).toEqual(["a", "b"]);
    expect(names(made.written(written, ({ spec }) => spec.agent === "n1"))).toEqual(["w"]);
    expect([made.streamedTo("ns/fw"), made.streamedTo("ns/none")]).toEqual([1, 0]);
    expect(made.get("ns/a")).toBe(a);
    expect(told).toEqual(["n1", "n2"]);
  });

  it("lets exactly one of an answer and a rescission win", () => {
    const { made, told } = book();
    const before = offer("a");
    made.open(before);
    const answered = made.respond(before, { decline: {} });
    expect(() => made.close(before)).toThrow(/answered or closed/);
    expect(made.get("ns/a")).toBe(answered);
    made.close(answered);
    expect(() => made.respond(answered, { decline: {} })).toThrow(/answered or closed/);
    expect(made.get("ns/a")).toBeUndefined();
    expect([...made.streamed({ agent: "n1" })]).toEqual([]);
    expect(told).toEqual(["n1", "n1", "n1"]);
  });

  it("puts offers that are used together into one", () => {
    const { made } = book();
    const [a, b] = [offer("a", { resources: "cpus:1" }), offer("b", { resources: "cpus:2;mem:5" })];
    made.open(a);
    expect(() => made.respond(a, { accept: {} }, [b])).toThrow(/answered or closed/);
    made.open(b);
    const answered = made.respond(a, { accept: {} }, [b]);
    expect(answered.spec.resources).toEqual(list("cpus:3;mem:5"));
    expect([...made.streamed()]).toEqual([answered]);
  });
});
