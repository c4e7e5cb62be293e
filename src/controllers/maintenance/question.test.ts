import { expect, test } from "vitest";
import { parseResources } from "../../resources/index.ts";
import { isOpenInverse, isOutstanding } from "../caches.ts";
import { agent, framework } from "../objects.fixture.ts";
import { type Question, questionName, questionObject } from "./question.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const question = (more: Partial<Question> = {}): Question => ({
  framework: framework(),
  agent: agent("n1"),
  window: { start: "2026-03-01T00:00:00Z", duration: "1h" },
  generation: 2,
  ordinal: 0,
  ...more,
});

test("a question is an inverse Offer that stands until its window is over", () => {
  const object = questionObject(question(), parseResources("cpus:2"), NOW);
  expect(object).toMatchObject({
    kind: "Offer",
    metadata: {
      namespace: "ns",
      labels: { "mesos.dev/framework": "fw", "mesos.dev/agent": "n1" },
      ownerReferences: [{ kind: "Framework", name: "fw", uid: "uid-fw", controller: true }],
    },
    spec: {
      framework: "fw",
      inverse: true,
      role: "*",
      agent: "n1",
      resources: [{ name: "cpus", scalar: 2 }],
      unavailability: { start: "2026-03-01T00:00:00Z", duration: "1h" },
      expiresAt: "2026-03-01T01:00:00.000Z",
    },
  });
  expect([isOutstanding(object), isOpenInverse(object)]).toEqual([false, true]);
});

test("one about a window without an end, or a very long one, stands for a year of it", () => {
  const expiry = (window: Question["window"]) =>
    questionObject(question({ window }), parseResources("cpus:2"), NOW).spec.expiresAt;
  expect(expiry({ start: "2026-03-01T00:00:00Z" })).toBe("2027-03-01T00:00:00.000Z");
  expect(expiry({ start: "2025-03-01T00:00:00Z" })).toBe("2027-01-01T00:00:00.000Z");
  expect(expiry({ start: "2026-03-01T00:00:00Z", duration: "99999999w" })).toBe("2027-03-01T00:00:00.000Z");
});

test("its name is its own, and one that Kubernetes takes", () => {
  const name = questionName(question());
  expect(name).toMatch(/^fw-inverse-[0-9a-f]{12}$/);
  expect(questionName(question())).toBe(name);
  const others: Partial<Question>[] = [
    { ordinal: 1 },
    { generation: 3 },
    { window: { start: "2026-03-01T00:00:00Z" } },
    { agent: agent("n2") },
    { framework: framework("fw", {}, undefined, { uid: "another" }) },
  ];
  for (const other of others) expect(questionName(question(other))).not.toBe(name);
  const long = questionName(question({ framework: framework(`${"x".repeat(199)}-${"y".repeat(40)}`) }));
  expect(long).toMatch(/^x{199}-inverse-[0-9a-f]{12}$/);
});
