import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { AgentLock, AgentRunningError } from "./agentLock.ts";

test("one agent a folder", async () => {
  const folder = `/work-${randomUUID()}`;
  const first = await AgentLock.take(folder);
  await expect(AgentLock.take(folder)).rejects.toThrow(AgentRunningError);
  (await AgentLock.take(`${folder}-2`))[Symbol.dispose]();
  first[Symbol.dispose]();
  (await AgentLock.take(folder))[Symbol.dispose]();
});
