import { describe, expect, it } from "vitest";
import { parseResources } from "../../resources/index.ts";
import { offer, view } from "../objects.fixture.ts";
import { rescissions } from "./rescind.ts";

const hold = (name: string, resources: string, answered = false) => ({
  offer: offer(name, { resources, ...(answered && { response: { decline: {} } }) }),
  resources: parseResources(resources),
});
const names = (one: Parameters<typeof rescissions>[0]) =>
  rescissions(one).map(({ offer, reason }) => [offer.metadata.name, reason]);

describe("Offers to take back", () => {
  it("are none while all fits", () => {
    expect(
      names(view("cpus:4;mem:100", "cpus:1", [hold("a", "cpus:2"), hold("b", "cpus:1;mem:100")])),
    ).toEqual([]);
  });

  it("are all when the agent may not be offered, but those that were answered", () => {
    const node = {
      capacity: parseResources("cpus:4"),
      offerable: parseResources("cpus:4"),
      held: { reason: "Cordoned", message: "the Node is cordoned" },
    };
    const one = view("cpus:4", "", [hold("a", "cpus:2"), hold("b", "cpus:2", true)], { node });
    expect(names(one)).toEqual([["a", "Cordoned"]]);
  });

  it("are as few as needed: the smallest that is enough", () => {
    const offers = [hold("small", "cpus:0.5"), hold("middle", "cpus:1"), hold("large", "cpus:2")];
    expect(names(view("cpus:3", "", offers))).toEqual([["small", "ResourcesShrank"]]);
    expect(names(view("cpus:2.5", "", offers))).toEqual([["middle", "ResourcesShrank"]]);
    expect(names(view("cpus:1.5", "", offers))).toEqual([["large", "ResourcesShrank"]]);
    expect(names(view("cpus:1", "", offers)).map(([name]) => name)).toEqual(["large", "small"]);
    expect(names(view("cpus:0.1", "", offers))).toHaveLength(3);
  });

  it("count what tasks hold, and answers that are being carried out", () => {
    expect(names(view("cpus:4", "cpus:3", [hold("a", "cpus:2")]))).toEqual([["a", "ResourcesShrank"]]);
    const both = [hold("answered", "cpus:3", true), hold("open", "cpus:2")];
    expect(names(view("cpus:4", "", both))).toEqual([["open", "ResourcesShrank"]]);
  });

  it("are those whose ports or reservations are gone", () => {
    expect(names(view("cpus:4;ports:[1-5]", "", [hold("a", "ports:[1-9]"), hold("b", "cpus:1")]))).toEqual([
      ["a", "ResourcesShrank"],
    ]);
    expect(names(view("cpus:4", "", [hold("a", "cpus(eng):1")]))).toEqual([["a", "ResourcesShrank"]]);
    expect(names(view("cpus:2;cpus(eng):2", "", [hold("a", "cpus:3")]))).toEqual([["a", "ResourcesShrank"]]);
  });

  it("do not hide behind reservations that other Pods have overrun", () => {
    const node = { capacity: parseResources("cpus:4"), offerable: parseResources("cpus:2") };
    const one = view("cpus(eng):3", "cpus(eng):2", [hold("a", "cpus(eng):1")], { node });
    expect(names(one)).toEqual([["a", "ResourcesShrank"]]);
  });
});
