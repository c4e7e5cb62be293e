import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ContainerSchema } from "../containerd/gen/containerd/containers_pb.ts";
import { type ContainerRecord, recordOf, toExtensions } from "./containerRecord.ts";

const record: ContainerRecord = {
  cgroup: { path: "/kubepods/burstable/pod1", driver: "cgroupfs", version: "v1" },
  addresses: ["10.0.0.7"],
};

test("what is recorded is read back", () => {
  expect(recordOf(create(ContainerSchema, { extensions: toExtensions(record) }))).toEqual(record);
});

test("a container without a record has an empty one", () => {
  expect(recordOf(create(ContainerSchema))).toEqual({ addresses: [] });
});

test.each(["{", '{"addresses":7}', ""])("a damaged record, %j, reads as an empty one", (text) => {
  const [[key = "", any] = []] = Object.entries(toExtensions(record));
  const extensions = { [key]: { typeUrl: any?.typeUrl ?? "", value: new TextEncoder().encode(text) } };
  expect(recordOf(create(ContainerSchema, { extensions }))).toEqual({ addresses: [] });
});
