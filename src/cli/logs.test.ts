import { expect, test } from "vitest";
import { executor, task } from "../controllers/objects.fixture.ts";
import { writerOf } from "./logs.ts";

const container = { id: "c", sandbox: "/sandboxes/own" };
const shared = executor("x", {}, { state: "Running", container: { id: "x", sandbox: "/sandboxes/x" } });

test("a task of a group writes into its own sandbox, one that an executor runs into the executor's", () => {
  expect(
    writerOf("t", task("t", { agent: "n1" }, { state: "TASK_RUNNING", container }), shared),
  ).toMatchObject({
    agent: "n1",
    sandbox: "/sandboxes/own",
    ended: false,
  });
  const run = writerOf("t", task("t", { agent: "n1" }, { state: "TASK_FINISHED" }), shared);
  expect(run).toMatchObject({ sandbox: "/sandboxes/x", ended: true });
  expect(writerOf("x", shared)).toMatchObject({ sandbox: "/sandboxes/x", ended: false });
});

test("where there is nothing to read it says how things stand", () => {
  expect(() => writerOf("executor ns/x", executor("x"))).toThrow(
    "executor ns/x has no sandbox: it is Pending on n1",
  );
  expect(() => writerOf("task ns/t", task("t"))).toThrow("is not placed yet");
});
