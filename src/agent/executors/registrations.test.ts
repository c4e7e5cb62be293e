import { expect, test } from "vitest";
import { ManualClock } from "../../cluster/manual-clock.ts";
import { runningWith } from "../lifecycle/fixture.ts";
import { Registrations } from "./registrations.ts";

function scene() {
  const clock = new ManualClock();
  const expired: string[] = [];
  const registrations = new Registrations(clock, (uid, { cause }) => expired.push(`${uid} ${cause}`));
  const startedAt = new Date(clock.now()).toISOString();
  const of = (uid: string, subscribed: boolean) =>
    runningWith({
      uid,
      container: { startedAt, addresses: [] },
      executor: { spec: {} as never, token: "secret", subscribed },
    });
  return { clock, expired, registrations, of };
}

test("an executor has a minute from its start, also across a restart of the agent", async () => {
  const { clock, expired, registrations, of } = scene();
  await clock.advance(20_000);
  registrations.expect(of("a", false), true);
  registrations.expect(of("a", false), false);
  await clock.advance(39_999);
  expect(expired).toEqual([]);
  await clock.advance(1);
  expect(expired).toEqual(["a registration"]);
});

test("one that had subscribed has fifteen seconds from the agent's start", async () => {
  const { clock, expired, registrations, of } = scene();
  await clock.advance(3_600_000);
  registrations.expect(of("a", true), true);
  await clock.advance(14_999);
  expect(expired).toEqual([]);
  await clock.advance(1);
  expect(expired).toEqual(["a reregistration"]);
});
