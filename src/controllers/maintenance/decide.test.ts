import { describe, expect, it } from "vitest";
import type { Agent, MaintenanceStatus } from "../../api/agent.ts";
import type { Framework } from "../../api/framework.ts";
import type { Offer, OfferResponse, OfferStatus } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import { parseResources } from "../../resources/index.ts";
import { agent, framework, metadata, offer } from "../objects.fixture.ts";
import { decideMaintenance } from "./decide.ts";
import type { MaintenanceFacts } from "./facts.ts";
import { questionName, questionObject } from "./question.ts";

const T = Date.parse("2026-01-01T00:00:00Z");
const HOUR = 3_600_000;
const MAINTENANCE = { start: "2026-01-01T01:00:00Z", duration: "2h" };
const rules = { refuse: "5s", interval: 1_000 };
const time = (ms: number) => new Date(T + ms).toISOString();

const connected = (name: string, status: Partial<Framework["status"]> = {}, spec: object = {}) =>
  framework(name, spec, { connected: true, ...status });
const planned = (status?: MaintenanceStatus, spec: Partial<Agent["spec"]> = {}): Live<Agent> => ({
  ...agent("n1", { maintenance: MAINTENANCE, ...spec }),
  metadata: metadata("n1", { generation: 3 }),
  ...(status && { status: { maintenance: status } }),
});
const known = (...frameworks: Partial<MaintenanceStatus["frameworks"][number]>[]): MaintenanceStatus => ({
  unavailability: MAINTENANCE,
  generation: 3,
  phase: "Planned",
  frameworks: frameworks.map((one) => ({
    namespace: "ns",
    framework: "fw",
    id: `uid-${one.framework ?? "fw"}`,
    response: "UNKNOWN",
    asked: 0,
    ...one,
  })),
});

/** The `ordinal`th question to a framework of the namespace, as it is in the API server. */
function asked(
  name: string,
  ordinal: number,
  parts: { response?: OfferResponse; status?: OfferStatus } = {},
) {
  const question = {
    framework: framework(name),
    agent: planned(),
    window: MAINTENANCE,
    generation: 3,
    ordinal,
  };
  const object = questionObject(question, parseResources("cpus:1"), T);
  const { response, status } = parts;
  const known = metadata(questionName(question), object.metadata ?? {});
  return {
    ...object,
    metadata: known,
    spec: { ...object.spec, ...(response && { response }) },
    ...(status && { status }),
  } as Live<Offer>;
}

interface World {
  readonly agent?: Live<Agent> | null;
  readonly frameworks?: readonly Live<Framework>[];
  /** Names of those with tasks there; all unless told. */
  readonly using?: readonly string[];
  readonly inverse?: readonly Live<Offer>[];
  readonly offers?: readonly Live<Offer>[];
  /** Milliseconds after T. */
  readonly now?: number;
}

function decide({ frameworks = [connected("fw")], ...world }: World) {
  const using = world.using ?? frameworks.map(({ metadata: { name } }) => name);
  const facts: MaintenanceFacts = {
    agent: world.agent === null ? undefined : (world.agent ?? planned()),
    uses: new Map(using.map((name) => [`ns/${name}`, parseResources("cpus:1;mem:64")])),
    framework: (key) => frameworks.find(({ metadata: { name } }) => key === `ns/${name}`),
    inverse: world.inverse ?? [],
    offers: world.offers ?? [],
    now: T + (world.now ?? 0),
  };
  const plan = decideMaintenance(facts, rules);
  return {
    ...plan,
    closed: plan.close.map(({ offer, closing }) => [
      offer.metadata.name,
      closing.state,
      ...(closing.reason ? [closing.reason] : []),
    ]),
    whom: plan.ask.map(({ question }) => [question.framework.metadata.name, question.ordinal]),
    answers: plan.status?.frameworks.map(({ framework, response }) => [framework, response]),
  };
}

const ended = (state: "Accepted" | "Declined" | "Rescinded", after = 0): OfferStatus => ({
  state,
  closedAt: time(after),
});

describe("who is asked", () => {
  it("is each connected framework that uses the agent, in order of names", () => {
    const frameworks = [connected("b"), connected("a"), framework("away"), connected("idle")];
    const plan = decide({ frameworks, using: ["b", "a", "away", "gone"] });
    expect(plan.whom).toEqual([
      ["a", 0],
      ["b", 0],
    ]);
    expect(plan.answers).toEqual([
      ["a", "UNKNOWN"],
      ["away", "UNKNOWN"],
      ["b", "UNKNOWN"],
    ]);
    expect(plan.status).toMatchObject({ unavailability: MAINTENANCE, generation: 3, phase: "Planned" });
  });

  it("is nobody while a question is open", () => {
    const plan = decide({ inverse: [asked("fw", 0)] });
    expect(plan.whom).toEqual([]);
    expect(plan.closed).toEqual([]);
  });

  it("is nobody once the window is over, or while the agent's tasks are being killed", () => {
    expect(decide({ now: 3 * HOUR }).whom).toEqual([]);
    expect(decide({ agent: planned(undefined, { draining: { markGone: false } }) }).whom).toEqual([]);
  });

  it("is still asked after the start, and of an agent that takes no new tasks", () => {
    expect(decide({ now: 2 * HOUR }).whom).toEqual([["fw", 0]]);
    expect(decide({ agent: planned(undefined, { unschedulable: true }) }).whom).toEqual([["fw", 0]]);
  });

  it("is the same question for the same knowledge, and another for another window or agent", () => {
    const [first] = decide({}).ask;
    const [again] = decide({}).ask;
    const [later] = decide({ agent: planned(undefined, { maintenance: { start: MAINTENANCE.start } }) }).ask;
    const names = [first, again, later].map((one) => one && questionName(one.question));
    expect(names[0]).toBe(names[1]);
    expect(names[0]).not.toBe(names[2]);
  });
});

describe("an answer", () => {
  it("closes the question, first of all", () => {
    const accepted = asked("a", 0, { response: { accept: {} } });
    const declined = asked("b", 0, { response: { decline: {} } });
    const plan = decide({ frameworks: [connected("a"), connected("b")], inverse: [accepted, declined] });
    expect(plan.closed).toEqual([
      [accepted.metadata.name, "Accepted"],
      [declined.metadata.name, "Declined"],
    ]);
    expect(plan.whom).toEqual([]);
  });

  it("of ACCEPT is kept, and is asked for no more", () => {
    const inverse = [asked("fw", 0, { response: { accept: {} }, status: ended("Accepted") })];
    const plan = decide({ inverse, now: HOUR / 2 });
    expect(plan.status?.frameworks).toEqual([
      { namespace: "ns", framework: "fw", id: "uid-fw", response: "ACCEPT", at: time(0), asked: 1 },
    ]);
    expect(plan.whom).toEqual([]);
  });

  it.each([
    ["5s by default", {}, {}, 5_000],
    ["what the framework says for all", {}, { refuse: "1m" }, 60_000],
    ["what the answer says", { filters: { refuse: "10m" } }, { refuse: "1m" }, 600_000],
    ["the allocation interval at least", { filters: { refuse: "0s" } }, {}, 1_000],
    ["365 days at most", { filters: { refuse: "400d" } }, {}, 365 * 24 * HOUR],
  ])("of DECLINE holds for %s", (_, decline, spec, wait) => {
    const maintenance = { start: MAINTENANCE.start };
    const agentNow = planned(undefined, { maintenance });
    const fw = connected("fw", {}, spec);
    const at = { frameworks: [fw], agent: agentNow };
    const [first] = decide(at).ask;
    if (first === undefined) throw new Error("nobody is asked");
    const object = questionObject(first.question, first.resources, T);
    const closed = {
      ...object,
      metadata: metadata(object.metadata?.name ?? "", object.metadata ?? {}),
      spec: { ...object.spec, response: { decline } },
      status: ended("Declined"),
    } as Live<Offer>;
    const before = decide({ ...at, inverse: [closed], now: wait - 1 });
    const nextEdge = wait > HOUR ? Number.POSITIVE_INFINITY : HOUR;
    expect(before.answers).toEqual([["fw", "DECLINE"]]);
    expect(before.whom).toEqual([]);
    expect(decide({ ...at, inverse: [closed], now: wait }).whom).toEqual([["fw", 1]]);
    expect(before.lookAgainAt).toBe(T + Math.min(wait, nextEdge));
  });

  it("of ACCEPT with a filter is asked for again when that ends", () => {
    const response = { accept: { filters: { refuse: "1m" } } };
    const inverse = [asked("fw", 0, { response, status: ended("Accepted") })];
    expect(decide({ inverse, now: 59_999 }).whom).toEqual([]);
    expect(decide({ inverse, now: 60_000 }).whom).toEqual([["fw", 1]]);
  });

  it("is in the status when the Offer is gone", () => {
    const status = known({ response: "DECLINE", at: time(0), askAgainAt: time(60_000), asked: 4 });
    expect(decide({ agent: planned(status), now: 59_999 }).whom).toEqual([]);
    expect(decide({ agent: planned(status), now: 60_000 }).whom).toEqual([["fw", 4]]);
  });

  it("counts once, however often it is seen", () => {
    const inverse = [0, 1].map((ordinal) =>
      asked("fw", ordinal, { response: { decline: {} }, status: ended("Declined", ordinal * 10_000) }),
    );
    const first = decide({ inverse, now: 10_000 });
    expect(first.status?.frameworks[0]).toMatchObject({ asked: 2, at: time(10_000) });
    const again = decide({ agent: planned(first.status), inverse, now: 10_000 });
    expect(again.status).toEqual(first.status);
  });

  it("is void after a revive, no sooner than the interval", () => {
    const status = known({ response: "ACCEPT", at: time(500), asked: 1 });
    const at = (revivedAt: number, now: number) =>
      decide({ agent: planned(status), frameworks: [connected("fw", { revivedAt: time(revivedAt) })], now });
    expect(at(-1_000, 5_000).whom).toEqual([]);
    expect(at(0, 1_499).whom).toEqual([]);
    expect(at(0, 1_500).whom).toEqual([["fw", 1]]);
  });

  it("loses its filter while the framework is away, and stays", () => {
    const status = known({ response: "DECLINE", at: time(0), askAgainAt: time(60_000), asked: 1 });
    const away = decide({ agent: planned(status), frameworks: [framework("fw")], now: 1_000 });
    expect(away.answers).toEqual([["fw", "DECLINE"]]);
    expect(away.whom).toEqual([]);
    expect(decide({ agent: planned(away.status), now: 2_000 }).whom).toEqual([["fw", 1]]);
  });

  it("of a framework that left stays; who was only asked is forgotten", () => {
    const status = known(
      { framework: "a", response: "ACCEPT", at: time(0), asked: 1 },
      { framework: "b", asked: 1 },
    );
    const frameworks = [connected("a"), connected("b")];
    expect(decide({ agent: planned(status), frameworks, using: [] }).answers).toEqual([["a", "ACCEPT"]]);
  });

  it("about another window, or of a framework of the same name before, is none", () => {
    const old = known({ response: "ACCEPT", at: time(0), asked: 1 });
    const moved = { ...old, unavailability: { start: "2026-01-02T00:00:00Z" } };
    expect(decide({ agent: planned(moved) }).answers).toEqual([["fw", "UNKNOWN"]]);
    const other = known({ id: "uid-other", response: "ACCEPT", at: time(0), asked: 1 });
    expect(decide({ agent: planned(other) }).answers).toEqual([["fw", "UNKNOWN"]]);
  });
});

describe("a question is taken back", () => {
  const open = asked("fw", 0);
  const { name } = open.metadata;
  const stands = { agent: planned(known({})), inverse: [open] };

  it.each<[string, World, string, string]>([
    ["when maintenance is withdrawn", { agent: agent("n1") }, "Rescinded", "MaintenanceWithdrawn"],
    [
      "when the window changes",
      { agent: planned(known({}), { maintenance: { start: "2026-01-02T00:00:00Z" } }) },
      "Rescinded",
      "MaintenanceChanged",
    ],
    ["when the agent is gone", { agent: null }, "Rescinded", "AgentRemoved"],
    [
      "when the agent is drained",
      { agent: planned(known({}), { draining: { markGone: false } }) },
      "Rescinded",
      "Draining",
    ],
    ["when the framework has nothing there", { using: [] }, "Rescinded", "NothingLeft"],
    ["when the framework is away", { frameworks: [framework("fw")] }, "Rescinded", "FrameworkDisconnected"],
    ["when the framework is gone", { frameworks: [], using: ["fw"] }, "Rescinded", "FrameworkRemoved"],
    ["when the window is over", { now: 3 * HOUR }, "Expired", "MaintenanceOver"],
  ])("%s", (_, change, state, reason) => {
    expect(decide(stands).closed).toEqual([]);
    expect(decide({ ...stands, ...change }).closed).toEqual([[name, state, reason]]);
  });

  it("when it has stood for a year, and is asked again", () => {
    const maintenance = { start: MAINTENANCE.start };
    const forGood = planned(undefined, { maintenance });
    const [first] = decide({ agent: forGood }).ask;
    if (first === undefined) throw new Error("nobody is asked");
    const object = questionObject(first.question, first.resources, T);
    const old = {
      ...object,
      metadata: metadata(object.metadata?.name ?? "", object.metadata ?? {}),
    } as Live<Offer>;
    const year = HOUR + 365 * 24 * HOUR;
    expect(decide({ agent: forGood, inverse: [old], now: year - 1 }).closed).toEqual([]);
    expect(decide({ agent: forGood, inverse: [old], now: 2 * HOUR }).lookAgainAt).toBe(T + year);
    expect(decide({ agent: forGood, inverse: [old], now: year }).closed).toEqual([
      [old.metadata.name, "Expired", "Expired"],
    ]);
  });

  it("never when it was answered", () => {
    const said = asked("fw", 0, { response: { decline: {} } });
    expect(decide({ agent: agent("n1"), inverse: [said] }).closed).toEqual([[name, "Declined"]]);
  });

  it("which counts as asked", () => {
    const inverse = [asked("fw", 0, { status: ended("Rescinded") })];
    expect(decide({ inverse }).whom).toEqual([["fw", 1]]);
  });
});

describe("ordinary Offers", () => {
  const plain = offer("plain");
  const telling = (window: object) => ({
    ...offer("telling"),
    spec: { ...offer("telling").spec, unavailability: window as typeof MAINTENANCE },
  });

  it("are taken back when they tell of another window than the agent's", () => {
    expect(decide({ offers: [plain, telling(MAINTENANCE)] }).closed).toEqual([
      ["plain", "Rescinded", "MaintenanceChanged"],
    ]);
    expect(decide({ agent: agent("n1"), offers: [plain, telling(MAINTENANCE)] }).closed).toEqual([
      ["telling", "Rescinded", "MaintenanceChanged"],
    ]);
    expect(decide({ offers: [telling({ start: MAINTENANCE.start })] }).closed).toHaveLength(1);
  });

  it("tell of nothing when the window is over", () => {
    expect(decide({ offers: [plain], now: 3 * HOUR }).closed).toEqual([]);
  });
});

describe("time", () => {
  it("makes phases, and says when to look again", () => {
    const phases = [0, HOUR - 1, HOUR, 3 * HOUR - 1, 3 * HOUR].map((now) => decide({ now, using: [] }));
    expect(phases.map(({ status }) => status?.phase)).toEqual([
      "Planned",
      "Planned",
      "InProgress",
      "InProgress",
      "Over",
    ]);
    expect(phases.map(({ lookAgainAt }) => lookAgainAt && lookAgainAt - T)).toEqual([
      HOUR,
      HOUR,
      3 * HOUR,
      3 * HOUR,
      undefined,
    ]);
  });
});

describe("closed questions", () => {
  it("are forgotten but the newest, once the status has them all", () => {
    const inverse = [0, 1, 2].map((ordinal) =>
      asked("fw", ordinal, { response: { decline: {} }, status: ended("Declined", ordinal * 1_000) }),
    );
    expect(decide({ inverse, now: 2_000 }).forget).toEqual([]);
    const status = decide({ inverse, now: 2_000 }).status;
    const { forget } = decide({ agent: planned(status), inverse, now: 2_000 });
    expect(forget.map(({ metadata: { name } }) => name)).toEqual(
      inverse.slice(0, 2).map(({ metadata: { name } }) => name),
    );
  });
});
