import { describe, expect, it } from "vitest";
import { task } from "../controllers/objects.fixture.ts";
import { TaskState, TaskStatusSchema } from "../wire/gen/mesos/v1/mesos_pb.ts";
import { toJsonValue } from "../wire/tojson.ts";
import { masterStatus, reconciledStatus, updateStatus } from "./status.ts";

describe("a status", () => {
  const update = {
    uuid: "00112233-4455-4677-8899-aabbccddeeff",
    state: "TASK_UNREACHABLE" as const,
    source: "SOURCE_AGENT" as const,
    reason: "REASON_AGENT_REMOVED",
    timestamp: "2026-01-01T00:00:00.500Z",
  };
  const one = task("t", { agent: "n1", taskId: "T" }, { updates: [update], addresses: ["10.0.0.1"] });

  it("is told with the bytes of its uuid, and in the states that the framework knows", () => {
    const json = toJsonValue(TaskStatusSchema, updateStatus(one, update, true));
    expect(json).toEqual({
      task_id: { value: "T" },
      state: "TASK_UNREACHABLE",
      source: "SOURCE_AGENT",
      reason: "REASON_AGENT_REMOVED",
      agent_id: { value: "n1" },
      timestamp: 1767225600.5,
      uuid: Buffer.from("00112233445546778899aabbccddeeff", "hex").toString("base64"),
      container_status: { network_infos: [{ ip_addresses: [{ protocol: "IPv4", ip_address: "10.0.0.1" }] }] },
    });
    expect(updateStatus(one, update, false).state).toBe(TaskState.TASK_LOST);
  });

  it("names what a container took more of than it may", () => {
    const limitation = (reason: string, limits: object = {}, more: object = {}) =>
      updateStatus(
        task("t", {
          limits,
          resources: [
            { name: "mem", scalar: 64 },
            { name: "disk", quantity: "1Gi" },
          ],
          ...more,
        }),
        { ...update, reason },
        true,
      ).limitation?.resources.map(({ name, scalar }) => [name, scalar?.value]);
    expect(limitation("REASON_CONTAINER_LIMITATION_MEMORY")).toEqual([["mem", 64]]);
    expect(limitation("REASON_CONTAINER_LIMITATION_MEMORY", { mem: "128Mi" })).toEqual([["mem", 128]]);
    expect(limitation("REASON_CONTAINER_LIMITATION_DISK")).toEqual([["disk", 1024]]);
    expect(limitation("REASON_AGENT_REMOVED")).toBeUndefined();
    const executor = { executorId: "e", name: "e" };
    expect(limitation("REASON_CONTAINER_LIMITATION_MEMORY", {}, { executor })).toBeUndefined();
  });

  it("of the master has no uuid", () => {
    const status = updateStatus(one, { ...update, source: "SOURCE_MASTER", reason: "REASON_OF_OURS" }, true);
    expect(toJsonValue(TaskStatusSchema, status)).not.toHaveProperty("uuid");
    expect(toJsonValue(TaskStatusSchema, status)).not.toHaveProperty("reason");
    expect(toJsonValue(TaskStatusSchema, reconciledStatus(one, true, 1500))).toMatchObject({
      state: "TASK_STAGING",
      reason: "REASON_RECONCILIATION",
      timestamp: 1.5,
    });
    const refused = masterStatus(
      { taskId: "T", state: "TASK_DROPPED", reason: "REASON_INVALID_OFFERS", message: "m" },
      false,
      0,
    );
    expect(toJsonValue(TaskStatusSchema, refused)).toMatchObject({ state: "TASK_LOST", message: "m" });
  });
});
