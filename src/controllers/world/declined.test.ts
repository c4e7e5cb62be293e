import { describe, expect, it } from "vitest";
import { operatorConfig } from "../../config/operator.ts";
import { formatResources, parseResources } from "../../resources/index.ts";
import { executor, framework, list, offer, task } from "../objects.fixture.ts";
import { declinedResources } from "./declined.ts";
import { offerHolds } from "./offerholds.ts";
import { filterTime } from "./seed.ts";

const template = (text: string) => ({ resources: list(text), command: { shell: true, value: "true" } });
const launches = (...tasks: ReturnType<typeof template>[]) => ({
  accept: { operations: [{ type: "LAUNCH" as const, launch: { tasks } }] },
});

describe("what an answer leaves", () => {
  it("is all of a declined Offer", () => {
    expect(formatResources(declinedResources(offer("o", { response: { decline: {} } })))).toBe(
      "cpus:4;mem:1024",
    );
  });

  it("is what finished launches did not take", () => {
    const response = launches(template("cpus:1;mem:24"));
    const done = { operations: [{ index: 0, type: "LAUNCH", status: "FINISHED" as const }] };
    expect(formatResources(declinedResources(offer("o", { response, status: done })))).toBe(
      "cpus:3;mem:1000",
    );
    expect(formatResources(declinedResources(offer("o", { response })))).toBe("cpus:4;mem:1024");
  });

  it("is refused for as long as the answer, the framework or the configuration says", () => {
    const config = operatorConfig.parse({});
    const with_ = (refuse?: string) =>
      offer("o", { response: { decline: { filters: refuse === undefined ? {} : { refuse } } } });
    expect(filterTime(with_("1m"), framework(), config)).toBe(60_000);
    expect(filterTime(with_("0s"), framework(), config)).toBe(0);
    // Shorter than an allocation would be no filter.
    expect(filterTime(with_("10ms"), framework(), config)).toBe(1_000);
    expect(filterTime(with_(), framework("fw", { refuse: "9s" }), config)).toBe(9_000);
    expect(filterTime(with_(), framework(), config)).toBe(5_000);
  });
});

describe("what outstanding Offers keep from others", () => {
  const none = { offer: () => undefined, tasks: () => [], executors: () => [] };
  it("is their resources", () => {
    const [hold] = offerHolds([offer("o")], none);
    expect(hold?.resources.equals(parseResources("cpus:4;mem:1024"))).toBe(true);
  });

  it("while an answer is carried out, is what its tasks and executors have not taken over, with the Offers that it uses too", () => {
    const response = { accept: { otherOffers: ["p", "q"], operations: [] } };
    const others = new Map([
      ["p", offer("p", { resources: "cpus:2", status: { state: "Accepted", usedBy: "o" } })],
      ["q", offer("q", { resources: "cpus:100" })],
    ]);
    const [hold] = offerHolds([offer("o", { response })], {
      offer: (_, name) => others.get(name),
      tasks: (uid) => (uid === "uid-o" ? [task("t", { resources: list("cpus:4;mem:16") })] : []),
      executors: (uid) => (uid === "uid-o" ? [executor("x", { resources: list("cpus:1;mem:8") })] : []),
    });
    expect(formatResources(hold?.resources ?? parseResources("x:1"))).toBe("cpus:1;mem:1000");
  });
});
