import { afterEach, describe, expect, it } from "vitest";
import { writtenCalls } from "../../../src/wire/scheduler.fixture.ts";
import { ask } from "./client.ts";
import { Facades } from "./facade.ts";

/** A replica's HTTP face while there is no leader behind it. */
describe("a gateway that cannot answer", () => {
  const facades = new Facades();
  afterEach(() => facades.stop());

  it.each(writtenCalls("f").map(({ type }) => type))(
    "tells %s that nobody leads, or who does, before it looks at it",
    async (type) => {
      const { gateway, port } = await facades.start();
      const asked = { headers: { "Content-Type": "application/json" }, body: JSON.stringify({ type }) };
      expect(await ask(port, asked)).toMatchObject({ status: 503, body: "No leader elected" });
      gateway.follows({ self: true, address: undefined });
      expect(await ask(port, asked)).toMatchObject({ status: 503, body: "Master has not finished recovery" });
      gateway.follows({ self: false, address: "10.0.0.1:5050" });
      const redirected = await ask(port, { ...asked, path: "/master/api/v1/scheduler" });
      expect(redirected.status).toBe(307);
      expect(redirected.headers.location).toBe("//10.0.0.1:5050/master/api/v1/scheduler");
    },
  );

  it("says so while credentials cannot be checked", async () => {
    const broken = { scheme: "basic", authenticate: () => Promise.reject(new Error("away")) } as const;
    const { port } = await facades.start({ authenticators: [broken] });
    const headers = { Authorization: "Basic YTpi" };
    expect(await ask(port, { headers })).toMatchObject({
      status: 503,
      body: "the credentials cannot be checked now",
    });
  });
});
