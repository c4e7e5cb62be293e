import { expect, it } from "vitest";
import { MasterInfoSchema } from "../wire/gen/mesos/v1/mesos_pb.ts";
import { toJsonValue } from "../wire/tojson.ts";
import { masterInfo } from "./master.ts";

it.each([
  ["10.0.0.1:5050", 16777226, "10.0.0.1", { hostname: "10.0.0.1", ip: "10.0.0.1", port: 5050 }],
  ["mesos.example:80", 0, "mesos.example", { hostname: "mesos.example", port: 80 }],
  ["[fd00::1]:5050", 0, "fd00::1", { hostname: "fd00::1", port: 5050 }],
])("a master at %s is told with its address", (address, ip, hostname, expected) => {
  expect(toJsonValue(MasterInfoSchema, masterInfo("id", address))).toMatchObject({
    id: "id",
    ip,
    hostname,
    address: expected,
  });
});
