import type { DescEnum, DescMessage, Message } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import * as agentByHand from "./agent.fixture.ts";
import { decode, encode } from "./codec.ts";
import * as executorByHand from "./executor.fixture.ts";
import { protobufOf } from "./fieldnumbers.fixture.ts";
import * as agent from "./gen/mesos/v1/agent/agent_pb.ts";
import * as executor from "./gen/mesos/v1/executor/executor_pb.ts";
import * as master from "./gen/mesos/v1/master/master_pb.ts";
import * as masterByHand from "./master.fixture.ts";
import { encodeRecord, RecordDecoder } from "./recordio.ts";
import { bytesOf, textOf, type Written } from "./written.fixture.ts";

const caller = { framework: "f", executor: "e" };

interface Api {
  readonly name: string;
  readonly schema: DescMessage;
  readonly types: DescEnum;
  readonly table: readonly Written[];
  readonly text?: (written: Written) => string;
}

const apis: readonly Api[] = [
  {
    name: "calls of executors",
    schema: executor.CallSchema,
    types: executor.Call_TypeSchema,
    table: executorByHand.writtenCalls(caller),
    text: (call) => executorByHand.callText(caller, call),
  },
  {
    name: "events to executors",
    schema: executor.EventSchema,
    types: executor.Event_TypeSchema,
    table: executorByHand.WRITTEN_EVENTS,
  },
  {
    name: "calls of operators to the agent",
    schema: agent.CallSchema,
    types: agent.Call_TypeSchema,
    table: agentByHand.WRITTEN_CALLS,
  },
  {
    name: "answers of the agent",
    schema: agent.ResponseSchema,
    types: agent.Response_TypeSchema,
    table: agentByHand.WRITTEN_RESPONSES,
  },
  {
    name: "input and output of processes",
    schema: agent.ProcessIOSchema,
    types: agent.ProcessIO_TypeSchema,
    table: agentByHand.WRITTEN_IO,
  },
  {
    name: "calls of operators to the master",
    schema: master.CallSchema,
    types: master.Call_TypeSchema,
    table: masterByHand.WRITTEN_CALLS,
  },
  {
    name: "answers of the master",
    schema: master.ResponseSchema,
    types: master.Response_TypeSchema,
    table: masterByHand.WRITTEN_RESPONSES,
  },
  {
    name: "events of the master",
    schema: master.EventSchema,
    types: master.Event_TypeSchema,
    table: masterByHand.WRITTEN_EVENTS,
  },
];

describe.each(apis)("$name by hand", ({ schema, types, table, text = textOf }) => {
  it("are all that the proto has", () => {
    const names = types.values.map(({ name }) => name);
    expect(["UNKNOWN", ...table.map(({ type }) => type)].sort()).toEqual(names.sort());
  });

  it.each(table)("$type: byte for byte in both encodings", (written) => {
    const bytes = bytesOf(written);
    const read = decode("protobuf", schema, new Uint8Array(bytes), "Message") as Message & { type: number };
    expect(types.value[read.type]?.name).toBe(written.type);
    expect(Buffer.from(encode("json", schema, read)).toString()).toBe(text(written));
    expect(Buffer.from(encode("protobuf", schema, read)).toString("hex")).toBe(bytes.toString("hex"));
    expect(decode("json", schema, Buffer.from(text(written)), "Message")).toEqual(read);
  });

  it.each([
    ["JSON", table.map((written) => Buffer.from(text(written)))],
    ["protobuf", table.map(({ fields }) => protobufOf(fields))],
  ])("as one stream of records in %s, byte by byte", (_name, records) => {
    const decoder = new RecordDecoder();
    const stream = Buffer.concat(records.map(encodeRecord));
    const read = Array.from(stream, (byte) => decoder.decode(Buffer.from([byte]))).flat();
    expect(read.map((one) => one.toString("hex"))).toEqual(records.map((one) => one.toString("hex")));
    expect(decoder.atBoundary).toBe(true);
  });
});
