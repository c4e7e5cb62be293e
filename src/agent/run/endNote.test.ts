import { expect, test } from "vitest";
import { recordWith } from "../lifecycle/fixture.ts";
import { endNote } from "./endNote.ts";

const ended = (state: "TASK_RUNNING" | "TASK_FINISHED" | "TASK_GONE_BY_OPERATOR", reason?: string) =>
  recordWith({
    latest: {
      uuid: "u",
      state,
      source: "SOURCE_AGENT",
      timestamp: "",
      message: "a sentence",
      ...(reason === undefined ? {} : { reason }),
    },
  });

test("the end of a task is told in an Event's words", () => {
  expect(endNote(ended("TASK_FINISHED"))).toEqual({
    type: "Normal",
    reason: "TaskFinished",
    message: "a sentence",
    action: "End",
  });
  expect(endNote(ended("TASK_GONE_BY_OPERATOR", "REASON_AGENT_DRAINING"))).toMatchObject({
    type: "Warning",
    reason: "TaskGoneByOperator",
    message: "REASON_AGENT_DRAINING: a sentence",
  });
  expect(endNote(ended("TASK_RUNNING"))).toBeUndefined();
});
