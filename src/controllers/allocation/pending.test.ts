import { expect, test } from "vitest";
import { list, task } from "../objects.fixture.ts";
import { pendingGroups } from "../world/builtin.ts";
import { choosePending, withAlike } from "./pending.ts";

const waiting = (...amounts: string[]) =>
  pendingGroups(
    amounts.map((text, i) => task(`t${String(i).padStart(2, "0")}`, { resources: list(text) })),
    [],
  );
const names = ({ now }: ReturnType<typeof choosePending>) =>
  now.flatMap(({ tasks }) => tasks.map(({ task }) => task.metadata.name));
const nobody = () => false;

test("all of it when it is little", () => {
  const chosen = choosePending(waiting("cpus:1", "cpus:2"), nobody, 0, 4);
  expect([names(chosen), chosen.later]).toEqual([["t00", "t01"], false]);
});

test("a flood of one kind leaves room for others, the oldest of each first", () => {
  const groups = waiting(...Array.from({ length: 8 }, () => "cpus:99"), "cpus:1", "cpus:1");
  const chosen = choosePending(groups, nobody, 0, 4);
  expect([names(chosen), chosen.later]).toEqual([["t00", "t01", "t08", "t09"], true]);
});

test("with more kinds than places each has its turn", () => {
  const groups = waiting("cpus:1", "cpus:2", "cpus:3", "cpus:4");
  const seen = [0, 1].flatMap((turn) => names(choosePending(groups, nobody, turn, 2)));
  expect(seen.sort()).toEqual(["t00", "t01", "t02", "t03"]);
});

test("what rests is left out", () => {
  const chosen = choosePending(waiting("cpus:1", "cpus:2"), (uid) => uid === "uid-t00", 0, 4);
  expect(names(chosen)).toEqual(["t01"]);
});

test("those like one that found no place, which were not tried, are told too; others are not", () => {
  const groups = waiting(...Array.from({ length: 5 }, () => "cpus:99"), "cpus:1", "cpus:1", "cpus:2");
  const { now } = choosePending(groups, nobody, 0, 4);
  expect(names({ now, later: true })).toEqual(["t00", "t01", "t05", "t07"]);
  const unplaced = now.map((group) => ({ ...group, tasks: group.tasks.slice(0, 2) }));
  const told = withAlike(unplaced, groups, now, (uid) => uid === "uid-t04");
  expect(names({ now: told, later: true })).toEqual(["t00", "t01", "t02", "t03"]);
});
