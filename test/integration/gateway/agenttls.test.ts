import { afterAll, beforeAll, expect, test } from "vitest";
import { createLogger } from "../../../src/cluster/logger.ts";
import { systemClock } from "../../../src/cluster/time.ts";
import { type AgentTls, ExecutorMessages } from "../../../src/gateway/executors/messages.ts";
import { AgentPort } from "./agentport.ts";

let agents: AgentPort;
beforeAll(async () => {
  agents = await AgentPort.start();
});
afterAll(() => agents.stop());

const base64 = (text: string) => Buffer.from(text).toString("base64");
const send = (text: string, tls: AgentTls | undefined) =>
  new ExecutorMessages({
    token: agents.token,
    tls,
    address: () => `127.0.0.1:${agents.port}`,
    onMessage: () => {},
    clock: systemClock,
    logger: createLogger({ name: "gateway", level: "silent" }),
  }).send("n1", { frameworkId: "f", executorId: "x", data: base64(text) });

test("a message goes to an agent that is known by its certificate, and to nobody else", async () => {
  await send("plain", undefined);
  await send("another", { ...agents.tls, serverName: "somebody.test" });
  await send("unsigned", { ...agents.tls, ca: "/no/such/file" });
  await send("known", agents.tls);
  expect(agents.heard.map(({ data }) => data)).toEqual([base64("known")]);
});
