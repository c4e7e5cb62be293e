import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { httpProbe, tcpProbe } from "./networkProbe.ts";

const HOST = "127.0.0.1";
let server: Server;
let port = 0;
let seen: string[] = [];

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    seen.push(request.url ?? "");
    const status = Number(request.url?.match(/^\/(\d{3})/)?.[1] ?? 200);
    const to = new URL(request.url ?? "/", "http://x").searchParams.get("to");
    response.writeHead(status, to ? { Location: to } : {}).end();
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const { signal } = new AbortController();
const get = (path: string) => httpProbe({ host: HOST, port, path, scheme: "http" })(signal);

test("HTTP gives the status, whatever it is", async () => {
  expect(await get("/503?x=1")).toEqual({ statusCode: 503 });
  expect(seen).toEqual(["/503?x=1"]);
});

test("HTTP follows redirects on the same host only", async () => {
  expect(await get("/302?to=/204")).toEqual({ statusCode: 204 });
  expect(await get("/302?to=http://192.0.2.1/")).toEqual({ statusCode: 302 });
  expect(await get("/302?to=/302?to=/302")).toEqual({ statusCode: 302 });
});

test("a path cannot lead to another host", async () => {
  expect(await get("//192.0.2.1/200")).toEqual({ statusCode: 200 });
  expect(seen).toEqual(["//192.0.2.1/200"]);
});

test("no listener: HTTP has no result, TCP did not succeed", async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, HOST, resolve));
  const free = (closed.address() as AddressInfo).port;
  await new Promise((resolve) => closed.close(resolve));
  await expect(httpProbe({ host: HOST, port: free, path: "/", scheme: "http" })(signal)).rejects.toThrow(
    "the request failed",
  );
  expect(await tcpProbe(HOST, free)(signal)).toEqual({ succeeded: false });
});

test("TCP succeeds where something listens", async () => {
  expect(await tcpProbe(HOST, port)(signal)).toEqual({ succeeded: true });
});

test("an aborted attempt rejects", async () => {
  const aborted = AbortSignal.abort(new Error("too late"));
  await expect(tcpProbe(HOST, port)(aborted)).rejects.toThrow("too late");
});
