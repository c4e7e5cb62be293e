import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { request as tlsRequest } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Authority } from "../../../hack/devcluster/certificates.ts";
import type { ExecutorHub } from "../../../src/agent/executors/hub.ts";
import { messageRoutes } from "../../../src/agent/executors/messageRoutes.ts";
import { executorRoute } from "../../../src/agent/executors/route.ts";
import type { Route } from "../../../src/agent/http/routes.ts";
import { AgentServer } from "../../../src/agent/http/server.ts";
import type { Authenticator } from "../../../src/auth/authenticator.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import { systemClock } from "../../../src/cluster/time.ts";
import { Throttle } from "../../../src/http/throttle.ts";
import { MESSAGES_PATH } from "../../../src/wire/executormessage.ts";
import { HALF_A_HEAD, RawClient, slowPost } from "../rawclient.ts";

const dir = mkdtempSync(join(tmpdir(), "agent-server-"));
const MOST = 100;
const MOST_CONNECTIONS = 10;
let server: AgentServer;
let port: number;
let ca: string;

const echo = (path: string, plain: boolean): Route => ({
  methods: ["POST"],
  paths: [path],
  plain,
  handle: async ({ body }) => ({ status: 200, body: await body() }),
});
const broken: Route = {
  methods: ["POST"],
  paths: ["/broken"],
  handle: async () => {
    throw new Error("as it should");
  },
};

/** Of an agent that asks nobody anything yet. */
const recovering = executorRoute({
  recovering: () => true,
  authenticate: true,
  clock: systemClock,
  throttle: new Throttle({ perSecond: 1, burst: 1, waiting: 1 }, systemClock),
  frameworks: { get: () => Promise.reject(new Error("not asked")) },
  hub: undefined as unknown as ExecutorHub,
});

const bearer: Authenticator = {
  scheme: "bearer",
  authenticate: async (name) => (name === "operator" ? { name, user: { username: name } } : undefined),
};
/** No executor runs here: no message comes so far that one is looked for. */
const messages = messageRoutes({
  hub: undefined as unknown as ExecutorHub,
  authenticator: bearer,
  operator: "operator",
  sources: new Throttle({ perSecond: 0.5, burst: 2, waiting: 1 }, systemClock),
  plain: true,
});

beforeAll(async () => {
  const authority = await Authority.open(dir);
  ca = authority.certificate;
  const files = await authority.issueFile("agent", { commonName: "agent", names: ["agent.test"] });
  server = new AgentServer({
    port: 0,
    routes: [echo("/executor", true), echo("/operator", false), broken, recovering, ...messages],
    tls: { cert: files.certificate, key: files.key },
    plain: false,
    maxBodyBytes: MOST,
    connections: { head: 2_000, whole: 3_000, most: MOST_CONNECTIONS },
    clock: systemClock,
    log: createLogger({ name: "test", level: "silent" }),
  });
  port = await server.start();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function post(path: string, body: string, tls: boolean, headers = {}): Promise<string> {
  const options = { host: "127.0.0.1", port, path, method: "POST", headers, agent: false };
  const sent = tls ? tlsRequest({ ...options, ca, servername: "agent.test" }) : request(options);
  sent.end(body);
  const [response] = await once(sent, "response");
  let text = `${response.statusCode} `;
  for await (const chunk of response) text += chunk;
  return text;
}

test("one port takes TLS and plain requests, each for what it may", async () => {
  expect(await post("/executor", "a", false)).toBe("200 a");
  expect(await post("/executor", "b", true)).toBe("200 b");
  expect(await post("/operator", "c", true)).toBe("200 c");
  expect(await post("/operator", "d", false)).toMatch(/^403 This is served over TLS alone/);
  expect(await post("/nothing", "", false)).toBe("404 ");
});

test("what is too large is told so", async () => {
  expect(await post("/operator", "x".repeat(MOST), true)).toBe(`200 ${"x".repeat(MOST)}`);
  expect(await post("/operator", "x".repeat(MOST + 1), true)).toMatch(/^413 /);
  for (const tls of [true, false]) {
    expect(await post("/executor", "", tls, { "X-Much": "x".repeat(20_000) })).toMatch(/^431 /);
  }
});

test("what does not come is not waited for", async () => {
  const tls = { ca, servername: "agent.test" };
  const late = expect.stringMatching(/^HTTP\/1.1 408 /);
  const handshake = "\x16";
  const answers = [
    RawClient.say(port, slowPost("/executor")),
    RawClient.say(port, HALF_A_HEAD),
    RawClient.say(port, slowPost("/executor"), tls),
    RawClient.say(port, HALF_A_HEAD, tls),
    RawClient.say(port, ""),
    RawClient.say(port, handshake),
  ];
  expect(await Promise.all(answers)).toEqual([late, late, late, late, "", ""]);
});

test("more connections than it takes are closed, until one has gone", async () => {
  const open = await Promise.all(Array.from({ length: MOST_CONNECTIONS }, () => RawClient.open(port)));
  expect(await RawClient.say(port, "GET /executor HTTP/1.1\r\nHost: a\r\n\r\n")).toBe("");
  for (const { socket } of open) socket.destroy();
  await expect.poll(() => post("/executor", "a", false).catch(String), { timeout: 20_000 }).toBe("200 a");
});

test("executors are told to wait while the agent recovers", async () => {
  expect(await post("/api/v1/executor", "{}", false)).toBe("503 Agent has not finished recovery");
  expect(await post("/slave(1)/api/v1/executor", "{}", true)).toBe("503 Agent has not finished recovery");
});

test("the operator's messages pass, however often others ask", async () => {
  const as = (name: string) => post(MESSAGES_PATH, "x", false, { Authorization: `Bearer ${name}` });
  expect(await as("operator")).toBe("400 not a message");
  const others = await Promise.all(["a", "b", "c"].map(as));
  expect(others.map((answer) => answer.slice(0, 3)).sort()).toEqual(["401", "401", "429"]);
  const again = await Promise.all(Array.from({ length: 5 }, () => as("operator")));
  expect(again).toEqual(Array.from({ length: 5 }, () => "400 not a message"));
});

test("an error says nothing of itself", async () => {
  expect(await post("/broken", "", true)).toBe("500 an error of the agent's: see its log");
});

test("bytes that are neither are cut off", async () => {
  const socket = connect(port, "127.0.0.1");
  socket.write("\x16\x03garbage that is no handshake");
  socket.resume();
  await once(socket, "close");
  expect(await post("/executor", "still there", false)).toBe("200 still there");
});

test("it stops whoever is connected, said something or not", async () => {
  const silent = connect(port, "127.0.0.1");
  await once(silent, "connect");
  const slow = connect(port, "127.0.0.1");
  slow.on("error", () => {});
  slow.write("POST /executor HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12");
  const closed = Promise.all([once(silent, "close"), once(slow, "close")]);
  await post("/executor", "", false);
  await server.stop();
  await closed;
});
