import { expect, test } from "vitest";
import { ManualClock } from "../cluster/manual-clock.ts";
import type { Action, Authorizer } from "./authorizer.ts";
import { KeptReviews } from "./keptreviews.ts";

const user = { username: "eve" };
const read: Action = { verb: "get", resource: "tasks", subresource: "log", namespace: "a" };

function scene() {
  const asked: string[] = [];
  const clock = new ManualClock();
  let answer = async () => true;
  const authorizer: Authorizer = {
    allows: ({ username }, { namespace }) => {
      asked.push(`${username} ${namespace}`);
      return answer();
    },
  };
  const kept = new KeptReviews(authorizer, clock);
  const answers = (next: () => Promise<boolean>) => {
    answer = next;
  };
  return { asked, clock, kept, answers };
}

test("what was asked is not asked again for a while", async () => {
  const { asked, clock, kept, answers } = scene();
  expect(await kept.allows(user, read)).toBe(true);
  answers(async () => false);
  expect(await kept.allows(user, read)).toBe(true);
  expect(asked).toEqual(["eve a"]);
  await clock.advance(10_000);
  expect(await kept.allows(user, read)).toBe(false);
  expect(asked).toEqual(["eve a", "eve a"]);
});

test("another user, and another action, are other questions", async () => {
  const { asked, kept } = scene();
  await kept.allows(user, read);
  await kept.allows({ username: "bob" }, read);
  await kept.allows(user, { ...read, namespace: "b" });
  expect(asked).toEqual(["eve a", "bob a", "eve b"]);
});

test("a question without an answer is asked again", async () => {
  const { asked, kept, answers } = scene();
  answers(async () => {
    throw new Error("away");
  });
  await expect(kept.allows(user, read)).rejects.toThrow("away");
  answers(async () => true);
  expect(await kept.allows(user, read)).toBe(true);
  expect(asked.length).toBe(2);
});
