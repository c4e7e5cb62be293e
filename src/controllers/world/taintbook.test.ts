import { expect, test } from "vitest";
import type { Node } from "../../cluster/core.ts";
import type { Live } from "../../cluster/object.ts";
import { metadata } from "../objects.fixture.ts";
import { TaintBook } from "./taintbook.ts";

const node = (name: string, ...keys: string[]): Live<Node> => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: metadata(name),
  spec: { taints: keys.map((key) => ({ key, effect: "NoSchedule" })) },
});
const keys = (book: TaintBook) => book.all().map(({ key }) => key);

test("a taint is known as long as a node has it", () => {
  const book = new TaintBook();
  book.change(node("n1", "a"), undefined);
  book.change(node("n2", "a", "b"), undefined);
  expect(keys(book)).toEqual(["a", "b"]);
  book.change(undefined, node("n1", "a"));
  expect(keys(book)).toEqual(["a", "b"]);
  book.change(node("n2", "b"), node("n2", "a", "b"));
  expect(keys(book)).toEqual(["b"]);
});

test("the version tells whether the set is another", () => {
  const book = new TaintBook();
  book.change(node("n1", "a"), undefined);
  const { version } = book;
  book.change(node("n1", "a"), node("n1", "a"));
  book.change(node("n2", "a"), undefined);
  expect(book.version).toBe(version);
  book.change(node("n1", "c"), node("n1", "a"));
  expect(book.version).toBeGreaterThan(version);
});
