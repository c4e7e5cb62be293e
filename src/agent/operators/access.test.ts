import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import type { Authenticator } from "../../auth/authenticator.ts";
import type { Authorizer } from "../../auth/authorizer.ts";
import { createLogger } from "../../cluster/logger.ts";
import { ManualClock } from "../../cluster/manual-clock.ts";
import type { Answer } from "../../http/answer.ts";
import { Throttle, type ThrottleOptions } from "../../http/throttle.ts";
import { Access, type AccessOptions, type Visitor } from "./access.ts";
import { permissions } from "./permissions.ts";

const bearer: Authenticator = {
  scheme: "bearer",
  authenticate: async (token) =>
    token === "nobody" ? undefined : { name: token, user: { username: token } },
};
const authorizer: Authorizer = {
  allows: async ({ username }, { verb }) => username === "root" || verb === "list",
};
const log = createLogger({ name: "test", level: "silent" });

const access = (more: Partial<AccessOptions> = {}, one: Partial<ThrottleOptions> = {}) =>
  new Access({
    authenticators: [bearer],
    authorizer,
    throttle: new Throttle({ perSecond: 1, burst: 10, waiting: 0 }, new ManualClock()),
    sources: new Throttle({ perSecond: 1, burst: 10, waiting: 0, ...one }, new ManualClock()),
    isReady: () => true,
    log,
    ...more,
  });
const from = (token: string | undefined) =>
  ({
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    socket: { remoteAddress: "10.0.0.1" },
  }) as unknown as IncomingMessage;
const ok: Answer = { status: 200 };
const look = async (visitor: Visitor) => {
  await visitor.must(permissions.getAgent("n1"));
  return ok;
};
const status = async (answer: Promise<Answer | undefined>) => (await answer)?.status;

test("whoever is known is served, as far as he may", async () => {
  expect(await status(access().serve(from("root"), look))).toBe(200);
  expect(await access().serve(from("eve"), look)).toEqual({
    status: 403,
    body: "not allowed: get agents.mesos.dev 'n1'",
  });
  const may = (visitor: Visitor) => visitor.may(permissions.listTasks("a"));
  const told = await access().serve(from("eve"), async (visitor) => ({
    ...ok,
    body: String(await may(visitor)),
  }));
  expect(told?.body).toBe("true");
});

test("nobody is not, nor who says nothing", async () => {
  for (const token of ["nobody", undefined]) {
    expect(await access().serve(from(token), look)).toMatchObject({
      status: 401,
      headers: { "WWW-Authenticate": expect.stringMatching(/^Bearer /) },
    });
  }
});

test("what cannot be told now is asked again later", async () => {
  const away = async (): Promise<never> => {
    throw new Error("the API server is away");
  };
  const cannotAuthenticate = access({ authenticators: [{ ...bearer, authenticate: away }] });
  expect(await status(cannotAuthenticate.serve(from("root"), look))).toBe(503);
  expect(await status(access({ authorizer: { allows: away } }).serve(from("root"), look))).toBe(503);
  expect(await status(access({ isReady: () => false }).serve(from("root"), look))).toBe(503);
});

test("one address may not ask without end who it is", async () => {
  const one = access({}, { burst: 2 });
  const asked = [];
  for (let i = 0; i < 3; i++) asked.push(await status(one.serve(from("nobody"), look)));
  expect(asked).toEqual([401, 401, 429]);
});

test("an error of the handler's is its own", async () => {
  const fails = access().serve(from("root"), async () => {
    throw new Error("broken");
  });
  await expect(fails).rejects.toThrow("broken");
});

test("who has a password is told what to use instead", async () => {
  const authorization = `basic ${Buffer.from("root:root").toString("base64")}`;
  const request = { headers: { authorization }, socket: {} } as unknown as IncomingMessage;
  const answer = await access().serve(request, look);
  expect(answer?.status).toBe(401);
  expect(answer?.headers?.["WWW-Authenticate"]).toMatch(/^Bearer .*agents take bearer tokens of Kubernetes/);
  expect(answer?.body).toContain("Authorization: Bearer TOKEN");
});
