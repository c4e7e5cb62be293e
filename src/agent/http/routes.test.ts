import { expect, test } from "vitest";
import { type Route, RouteTable } from "./routes.ts";

const route = (path: string, ...methods: ("GET" | "POST")[]): Route => ({
  methods,
  paths: [path],
  handle: async () => undefined,
});
const state = route("/state", "GET");
const read = route("/files", "GET");
const write = route("/files", "POST");
const table = new RouteTable([state, read, write]);

test.each(["/state", "/slave(1)/state", "/slave%281%29/state"])("%s is a path of the agent's", (path) => {
  expect(table.find("GET", path)).toBe(state);
});

test("one path may have a handler for each method", () => {
  expect(table.find("GET", "/files")).toBe(read);
  expect(table.find("POST", "/files")).toBe(write);
});

test.each(["/", "/State", "/state/", "/slave(2)/state", "/%"])("%s is not", (path) => {
  expect(table.find("GET", path)).toEqual({ status: 404 });
});

test("another method is answered as libprocess answers it", () => {
  expect(table.find("PUT", "/files")).toEqual({
    status: 405,
    body: "405 Method Not Allowed. Expecting one of { 'GET', 'POST' }, but received 'PUT'.",
    headers: { Allow: "GET, POST" },
  });
});
