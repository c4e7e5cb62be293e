import { describe, expect, test } from "vitest";
import { InvalidSpecError } from "./errors.ts";
import { needsNames, resolveUser } from "./users.ts";

const PASSWD = `root:x:0:0:root:/root:/bin/sh
# a comment
broken line
worker:x:1000:1001::/home/worker:
1234:x:77:78:a name of digits:/:
huge:x:4294967295:0::/:
`;
const GROUP = "root:x:0:\nworkers:x:1001:\nextra:x:1002:other,worker\n";

describe("resolveUser", () => {
  test.each([
    ["", { uid: 0, gid: 0, additionalGids: [], home: "/root" }],
    ["worker", { uid: 1000, gid: 1001, additionalGids: [1002], home: "/home/worker" }],
    ["1000", { uid: 1000, gid: 1001, additionalGids: [1002], home: "/home/worker" }],
    ["worker:root", { uid: 1000, gid: 0, additionalGids: [], home: "/home/worker" }],
    ["worker:5", { uid: 1000, gid: 5, additionalGids: [], home: "/home/worker" }],
    ["4000", { uid: 4000, gid: 0, additionalGids: [] }],
    ["4000:4001", { uid: 4000, gid: 4001, additionalGids: [] }],
    [":extra", { uid: 0, gid: 1002, additionalGids: [], home: "/root" }],
    ["1234", { uid: 77, gid: 78, additionalGids: [], home: "/" }],
  ])("%j", (user, expected) => {
    expect(resolveUser(user, PASSWD, GROUP)).toEqual(expected);
  });

  test.each(["nobody", "worker:nobody", "huge", "-1", "4294967296", "worker:workers:more", "root "])(
    "refuses %j",
    (user) => {
      expect(() => resolveUser(user, PASSWD, GROUP)).toThrow(InvalidSpecError);
    },
  );

  test("an image without files has numbers all the same", () => {
    expect(resolveUser("0", "", "")).toEqual({ uid: 0, gid: 0, additionalGids: [] });
  });
});

test("numbers need no files", () => {
  expect(["", "5", "5:6"].map(needsNames)).toEqual([false, false, false]);
  expect(["a", "5:a", "a:5"].map(needsNames)).toEqual([true, true, true]);
});
