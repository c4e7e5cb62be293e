import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { MOST_OPERATIONS, type OperationRecord } from "../../api/framework.ts";
import { ManualClock } from "../../cluster/manual-clock.ts";
import { operationMessage } from "../../convert/operationrecord.ts";
import { uuidText } from "../../convert/status.ts";
import { enumName } from "../../wire/enums.ts";
import {
  type Offer_Operation,
  Offer_Operation_Type,
  Offer_OperationSchema,
  OperationState,
  OperationStateSchema,
  type OperationStatus,
  Value_Type,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { Call_ReconcileOperationsSchema } from "../../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { Feedback } from "./feedback.ts";

const reserve = (id: string): Offer_Operation =>
  create(Offer_OperationSchema, { type: Offer_Operation_Type.RESERVE, id: { value: id } });
const FINISHED = { status: "FINISHED" } as const;
const idOf = ({ operationId }: OperationStatus) => operationId?.value ?? "";
const uuidOf = ({ uuid }: OperationStatus) => uuidText(uuid?.value ?? new Uint8Array());

/** With a Framework whose writes end when `written` is called. */
class Leader {
  readonly clock = new ManualClock();
  readonly writes: (readonly OperationRecord[])[] = [];
  readonly told: OperationStatus[] = [];
  readonly feedback: Feedback;
  readonly #pending: (() => void)[] = [];

  constructor(recorded: readonly OperationRecord[] = []) {
    this.feedback = new Feedback({
      clock: this.clock,
      recorded,
      record: (operations) => {
        this.writes.push(operations);
        return new Promise<void>((resolve) => this.#pending.push(resolve));
      },
    });
  }

  subscribe(): this {
    this.feedback.connect((status) => this.told.push(status));
    return this;
  }

  /** The write that is under way is done, and so are those that follow. */
  async written(): Promise<void> {
    for (let ended = this.#pending.shift(); ended !== undefined; ended = this.#pending.shift()) {
      ended();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  reconcile(...asked: [id: string, agent?: string][]) {
    const operations = asked.map(([id, agent]) => ({
      operationId: { value: id },
      ...(agent !== undefined && { agentId: { value: agent } }),
    }));
    return this.feedback
      .reconcile(create(Call_ReconcileOperationsSchema, { operations }), (agent) =>
        agent === "here" ? "registered" : agent === "away" ? "unreachable" : "unknown",
      )
      .map((status) => [
        idOf(status),
        enumName(OperationStateSchema, status.state),
        status.message,
        status.uuid,
      ]);
  }
}

describe("the end of an operation", () => {
  it("is written before it is told, and told until it is acknowledged", async () => {
    const leader = new Leader().subscribe();
    leader.feedback.done(reserve("r"), "n1", FINISHED);
    expect(leader.told).toEqual([]);
    await leader.written();
    expect(leader.writes).toMatchObject([[{ id: "r", type: "RESERVE", agent: "n1", state: "FINISHED" }]]);
    expect(leader.told.map(idOf)).toEqual(["r"]);
    await leader.clock.advance(10_000);
    await leader.clock.advance(20_000);
    expect(leader.told.map(uuidOf)).toEqual(Array(3).fill(leader.writes[0]?.[0]?.statusUuid));
    leader.feedback.acknowledge("r", "another");
    leader.feedback.acknowledge("r", uuidOf(leader.told[0] ?? fail()));
    await leader.written();
    expect(leader.writes.slice(1)).toEqual([[]]);
    await leader.clock.advance(600_000);
    expect(leader.told).toHaveLength(3);
  });

  it("is told by the next leader, with the uuid that it had", async () => {
    const first = new Leader().subscribe();
    first.feedback.done(reserve("r"), "n1", FINISHED);
    first.feedback.done(reserve("failed"), "n1", { status: "FAILED", message: "no" });
    await first.written();
    const next = new Leader(first.writes.at(-1)).subscribe();
    expect(next.told).toEqual(first.told);
    expect(next.reconcile(["failed"])).toEqual([["failed", "OPERATION_FAILED", "no", undefined]]);
    expect(next.reconcile()).toHaveLength(2);
    for (const status of next.told) next.feedback.acknowledge(idOf(status), uuidOf(status));
    await next.written();
    expect(next.writes.at(-1)).toEqual([]);
    expect(next.reconcile()).toEqual([]);
  });

  it("is written with others that came while a write was under way", async () => {
    const leader = new Leader().subscribe();
    for (const id of ["a", "b", "c"]) leader.feedback.done(reserve(id), "n1", FINISHED);
    await leader.written();
    expect(leader.writes.map((records) => records.map(({ id }) => id))).toEqual([["a"], ["a", "b", "c"]]);
    expect(leader.told.map(idOf)).toEqual(["a", "b", "c"]);
  });

  it("of many is written in its turn, and told all the same", async () => {
    const leader = new Leader().subscribe();
    const ids = Array.from({ length: MOST_OPERATIONS + 2 }, (_, i) => `o${i}`);
    for (const id of ids) leader.feedback.done(reserve(id), "n1", FINISHED);
    await leader.written();
    expect(leader.told.map(idOf)).toEqual(ids);
    expect(leader.writes.at(-1)?.map(({ id }) => id)).toEqual(ids.slice(0, MOST_OPERATIONS));
    const [oldest = fail()] = leader.told;
    leader.feedback.acknowledge("o0", uuidOf(oldest));
    await leader.written();
    expect(leader.writes.at(-1)?.map(({ id }) => id)).toEqual(ids.slice(1, MOST_OPERATIONS + 1));
    const before = leader.writes.length;
    leader.feedback.done(reserve("later"), "n1", FINISHED);
    await leader.written();
    expect(leader.writes).toHaveLength(before);
    expect(leader.told.at(-1)).toMatchObject({ operationId: { value: "later" } });
  });

  it("with an id that no object can have is told and not written", () => {
    const leader = new Leader().subscribe();
    leader.feedback.done(reserve("x".repeat(256)), "n1", FINISHED);
    expect(leader.told).toHaveLength(1);
    expect(leader.writes).toEqual([]);
  });
});

it("an operation that is not known is told by what its agent is", () => {
  const leader = new Leader();
  expect(leader.reconcile(["a", "here"], ["b", "away"], ["c", "nowhere"], ["d"])).toEqual([
    ["a", "OPERATION_UNKNOWN", "Reconciliation: Operation is unknown", undefined],
    ["b", "OPERATION_UNREACHABLE", "Reconciliation: Agent is unreachable", undefined],
    ["c", "OPERATION_UNKNOWN", "Reconciliation: Both operation and agent are unknown", undefined],
    [
      "d",
      "OPERATION_UNKNOWN",
      "Reconciliation: Operation is unknown and no 'agent_id' was provided",
      undefined,
    ],
  ]);
});

describe("what is kept of an operation", () => {
  const kept = async (operation: Offer_Operation, message?: string) => {
    const leader = new Leader();
    const result = message === undefined ? FINISHED : { status: "ERROR" as const, message };
    leader.feedback.done(operation, "n1", result);
    await leader.written();
    return leader.writes[0]?.[0] ?? fail();
  };

  it("gives it back as it was asked for", async () => {
    const asked = create(Offer_OperationSchema, {
      type: Offer_Operation_Type.RESERVE,
      id: { value: "r" },
      reserve: { resources: [{ name: "disk", type: Value_Type.SCALAR, scalar: { value: 8 } }] },
    });
    const record = await kept(asked);
    expect(operationMessage(record, "f")).toMatchObject({
      frameworkId: { value: "f" },
      agentId: { value: "n1" },
      info: { id: { value: "r" }, reserve: { resources: [{ name: "disk", scalar: { value: 8 } }] } },
      latestStatus: { operationId: { value: "r" }, state: OperationState.OPERATION_FINISHED },
      statuses: [{ uuid: { value: expect.objectContaining({ length: 16 }) } }],
      uuid: { value: expect.objectContaining({ length: 16 }) },
    });
    expect(record.uuid).not.toBe(record.statusUuid);
  });

  it("is its type alone where it is too long, or no operation any more", async () => {
    const long = create(Offer_OperationSchema, {
      type: Offer_Operation_Type.RESERVE,
      id: { value: "long" },
      reserve: { resources: Array.from({ length: 99 }, () => ({ name: "x".repeat(60) })) },
    });
    const record = await kept(long, "no".repeat(1000));
    expect(record).toMatchObject({ id: "long", message: "no".repeat(512) });
    expect(record.info).toBeUndefined();
    for (const one of [record, { ...record, info: "{" }]) {
      expect(operationMessage(one, "f").info).toEqual(reserve("long"));
    }
  });
});

function fail(): never {
  throw new Error("there is none");
}
