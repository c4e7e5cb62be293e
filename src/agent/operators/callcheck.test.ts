import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  Call_AttachContainerInput_Type,
  Call_Type,
  CallSchema,
} from "../../wire/gen/mesos/v1/agent/agent_pb.ts";
import { callProblem } from "./callcheck.ts";

const problem = (call: MessageInitShape<typeof CallSchema>) => callProblem(create(CallSchema, call));
const parent = { value: "task" };

test.each([
  [{ type: Call_Type.GET_STATE }],
  [{ type: Call_Type.GET_CONTAINERS }],
  [{ type: Call_Type.WAIT_CONTAINER, waitContainer: { containerId: { value: "task" } } }],
  [
    {
      type: Call_Type.WAIT_NESTED_CONTAINER,
      waitNestedContainer: { containerId: { value: "debug", parent } },
    },
  ],
  [
    {
      type: Call_Type.ATTACH_CONTAINER_INPUT,
      attachContainerInput: {
        type: Call_AttachContainerInput_Type.CONTAINER_ID,
        containerId: { value: "debug", parent },
      },
    },
  ],
])("%j is a call", (call) => {
  expect(problem(call)).toBeUndefined();
});

test.each([
  [{}, "Expecting 'type' to be present"],
  [{ type: Call_Type.GET_METRICS }, "Expecting 'get_metrics' to be present"],
  [{ type: Call_Type.SET_LOGGING_LEVEL }, "Expecting 'set_logging_level' to be present"],
  [{ type: Call_Type.KILL_CONTAINER }, "Expecting 'kill_container' to be present"],
  [
    { type: Call_Type.KILL_NESTED_CONTAINER, killNestedContainer: { containerId: { value: "task" } } },
    "Expecting 'kill_nested_container.container_id.parent' to be present",
  ],
  [
    { type: Call_Type.REMOVE_CONTAINER, removeContainer: { containerId: { value: "a.b" } } },
    "'remove_container.container_id' is invalid: 'ContainerID.value' 'a.b' contains invalid characters",
  ],
  [
    {
      type: Call_Type.LAUNCH_NESTED_CONTAINER_SESSION,
      launchNestedContainerSession: { containerId: { value: "a", parent: { value: "" } } },
    },
    "'launch_nested_container_session.container_id' is invalid: 'ContainerID.parent' is invalid: ID must not be empty",
  ],
  [
    { type: Call_Type.ATTACH_CONTAINER_INPUT, attachContainerInput: {} },
    "'attach_container_input.type' is unknown",
  ],
])("%j is none", (call, why) => {
  expect(problem(call)).toBe(why);
});
