import { expect, test } from "vitest";
import { operatorConfig } from "../config/operator.ts";
import { gatewayAddress } from "./compose.ts";

const address = (gateway: object, pod: string | undefined = "10.1.2.3") =>
  gatewayAddress(operatorConfig.parse({ gateway: { enabled: true, ...gateway } }).gateway, pod);

test("a replica is found at its Pod's address, and at no address where there is no gateway", () => {
  expect(address({})).toBe("10.1.2.3:5050");
  expect(address({ port: 80 }, "fd00::1")).toBe("[fd00::1]:80");
  expect(address({}, "")).toBeUndefined();
  expect(address({ enabled: false })).toBeUndefined();
});

test("clients are redirected to what is advertised, requests are passed on to the Pod", () => {
  const advertise = "mesos.example:443";
  expect(address({ advertise })).toBe(advertise);
  expect(address({ advertise, followers: "Proxy" })).toBe("10.1.2.3:5050");
  expect(address({ advertise, enabled: false })).toBeUndefined();
});
