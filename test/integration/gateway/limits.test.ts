import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Authority } from "../../../hack/devcluster/certificates.ts";
import type { Authenticator } from "../../../src/auth/authenticator.ts";
import type { Services } from "../../../src/gateway/server/gateway.ts";
import { HALF_A_HEAD, RawClient, slowPost } from "../rawclient.ts";
import { ask } from "./client.ts";
import { Facades, throttle } from "./facade.ts";

const PATH = "/api/v1/scheduler";
const HASTE = { most: 1000, head: 2_000, whole: 3_000 };
const FEW = { perSecond: 0.5, burst: 1, waiting: 1 };
/** Knows everybody by the name that is given. */
const trusting: Authenticator = {
  scheme: "basic",
  authenticate: async (name) => ({ name, user: { username: name } }),
};

describe("what one client may take of a gateway", () => {
  const facades = new Facades();
  const dir = mkdtempSync(join(tmpdir(), "gateway-limits-"));
  const listeners = new Map<string, { port: number; tls?: { ca: string; servername: string } }>();

  beforeAll(async () => {
    const authority = await Authority.open(dir);
    const { certificate: cert, key } = await authority.issueFile("g", { commonName: "g", names: ["g.test"] });
    const tls = { ca: authority.certificate, servername: "g.test" };
    for (const [name, more] of [["plain", {}] as const, ["TLS", { tls: { cert, key } }] as const]) {
      const { gateway, port } = await facades.start({ connections: HASTE, ...more });
      // None of them is asked: the body never comes.
      gateway.leads({} as Services);
      listeners.set(name, { port, ...(name === "TLS" && { tls }) });
    }
  });
  afterAll(async () => {
    await facades.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  describe.concurrent.each(["plain", "TLS"])("%s", (name) => {
    const say = (text: string) => {
      const { port = 0, tls } = listeners.get(name) ?? {};
      return RawClient.say(port, text, tls);
    };

    it("headers: 431", async () => {
      const head = `GET /health HTTP/1.1\r\nHost: a\r\nX-Much: ${"x".repeat(20_000)}\r\n\r\n`;
      expect(await say(head)).toMatch(/^HTTP\/1.1 431 /);
    });

    it("a head that does not end: 408", async () => {
      expect(await say(HALF_A_HEAD)).toMatch(/^HTTP\/1.1 408 /);
    });

    it("a body that does not end: 408", async () => {
      expect(await say(slowPost(PATH))).toMatch(/^HTTP\/1.1 408 /);
    });
  });

  it("a connection without a word is closed", async () => {
    const answers = Array.from(listeners.values(), ({ port }) => RawClient.say(port, ""));
    expect(await Promise.all(answers)).toEqual([expect.stringMatching(/^HTTP\/1.1 408 /), ""]);
  });

  it("more connections than it takes are closed, until one has gone", async () => {
    const { port } = await facades.start({ connections: { ...HASTE, head: 60_000, whole: 60_000, most: 2 } });
    const [first, second] = [await RawClient.open(port), await RawClient.open(port)];
    const head = "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    expect(await RawClient.say(port, head)).toBe("");
    first.socket.destroy();
    await expect.poll(() => RawClient.say(port, head), { timeout: 20_000 }).toMatch(/^HTTP\/1.1 200 /);
    second.socket.destroy();
    await once(second.socket, "close");
  });

  it("requests of a principal: 429, and when to come again; others are served", async () => {
    const { port } = await facades.start({ authenticators: [trusting], throttle: throttle(FEW) });
    const as = (who: string) => ask(port, { headers: { Authorization: `Basic ${who}` } });
    const answered = await Promise.all([as("a"), as("a"), as("a"), as("a"), as("b")]);
    expect(answered.map(({ status }) => status).sort()).toEqual([429, 429, 503, 503, 503]);
    expect(answered[4]?.status).toBe(503);
    const refused = answered.find(({ status }) => status === 429);
    expect(refused?.headers["retry-after"]).toBe("2");
    expect(refused?.body).toBe("too many requests of this principal are waiting");
  });

  it("requests of an address: 429, before anybody is asked whose they are", async () => {
    let asked = 0;
    const nobody: Authenticator = {
      scheme: "basic",
      authenticate: async () => {
        asked++;
        return undefined;
      },
    };
    const { port } = await facades.start({ authenticators: [nobody], sources: throttle(FEW) });
    const tries = Array.from({ length: 4 }, (_, i) =>
      ask(port, { headers: { Authorization: `Basic ${i}` } }),
    );
    const answered = await Promise.all(tries);
    expect(answered.map(({ status }) => status).sort()).toEqual([401, 401, 429, 429]);
    expect(asked).toBe(2);
    const refused = answered.find(({ status }) => status === 429);
    expect(refused?.headers["retry-after"]).toBe("2");
    expect(refused?.body).toBe("too many requests of this address are waiting");
  });
});
