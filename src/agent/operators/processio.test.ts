import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  ProcessIO_Control_Type,
  ProcessIO_Data_Type,
  ProcessIO_Type,
  ProcessIOSchema,
} from "../../wire/gen/mesos/v1/agent/agent_pb.ts";
import { readInput } from "./processio.ts";

const read = (message: MessageInitShape<typeof ProcessIOSchema>) =>
  readInput(create(ProcessIOSchema, message));
const { DATA, CONTROL } = ProcessIO_Type;

test("input is bytes, a size, or a sign of life", () => {
  const data = new Uint8Array([1, 2]);
  expect(read({ type: DATA, data: { type: ProcessIO_Data_Type.STDIN, data } })).toEqual({
    type: "data",
    data,
  });
  const ttyInfo = { windowSize: { rows: 3, columns: 4 } };
  expect(read({ type: CONTROL, control: { type: ProcessIO_Control_Type.TTY_INFO, ttyInfo } })).toEqual({
    type: "resize",
    rows: 3,
    columns: 4,
  });
  expect(read({ type: CONTROL, control: { type: ProcessIO_Control_Type.HEARTBEAT } })).toEqual({
    type: "heartbeat",
  });
});

test.each([
  [{}, "'process_io.type' is unknown"],
  [{ type: DATA }, "Expecting 'process_io.data' to be present"],
  [
    { type: DATA, data: { type: ProcessIO_Data_Type.STDOUT } },
    "Expecting 'process_io.data.type' to be 'STDIN'",
  ],
  [{ type: CONTROL }, "Expecting 'process_io.control' to be present"],
  [{ type: CONTROL, control: {} }, "'process_io.control.type' is unknown"],
  [
    { type: CONTROL, control: { type: ProcessIO_Control_Type.TTY_INFO, ttyInfo: {} } },
    "Expecting 'tty_info.window_size' to be present",
  ],
])("%j is none", (message, problem) => {
  expect(read(message)).toEqual({ problem });
});
