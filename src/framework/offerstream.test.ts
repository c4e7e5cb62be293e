import { expect, test } from "vitest";
import type { Offer } from "../api/offer.ts";
import type { Live } from "../cluster/object.ts";
import { OfferStream, toInverse, toOffered } from "./offerstream.ts";

function offer(
  name: string,
  change: Partial<Pick<Offer, "status">> & { response?: Offer["spec"]["response"]; inverse?: true } = {},
) {
  return {
    apiVersion: "mesos.dev/v1alpha1",
    kind: "Offer",
    metadata: {
      name,
      namespace: "default",
      uid: name,
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec: {
      framework: "f",
      role: "dev",
      agent: "node-1",
      resources: [{ name: "cpus", scalar: 2 }],
      expiresAt: "2026-01-01T00:01:00Z",
      ...(change.inverse && { inverse: true, unavailability: { start: "2026-01-02T00:00:00Z" } }),
      ...(change.response === undefined ? {} : { response: change.response }),
    },
    ...(change.status === undefined ? {} : { status: change.status }),
  } satisfies Live<Offer>;
}

function record() {
  const seen: string[] = [];
  const stream = new OfferStream({
    offers: (offers) => seen.push(`offers ${offers.map((o) => o.id).join(",")}`),
    rescinded: (id) => seen.push(`rescinded ${id}`),
    inverse: (offers) => seen.push(`inverse ${offers.map((o) => o.id).join(",")}`),
    inverseRescinded: (id) => seen.push(`inverse rescinded ${id}`),
    operations: (id, results) => seen.push(`operations ${id} ${results.map((r) => r.status).join(",")}`),
  });
  return { seen, stream };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test("offers that arrive together are handed out together, each once", async () => {
  const { seen, stream } = record();
  stream.observe({ type: "added", object: offer("a"), initial: false });
  stream.observe({ type: "added", object: offer("b"), initial: false });
  await settled();
  stream.observe({ type: "updated", object: offer("a"), old: offer("a") });
  await settled();
  expect(seen).toEqual(["offers a,b"]);
});

test("an offer that ends before it was answered is rescinded once", async () => {
  const { seen, stream } = record();
  stream.observe({ type: "added", object: offer("a"), initial: false });
  await settled();
  stream.observe({ type: "updated", object: offer("a", { status: { state: "Expired" } }), old: offer("a") });
  stream.observe({ type: "deleted", object: offer("a") });
  expect(seen).toEqual(["offers a", "rescinded a"]);
});

test("an offer that is taken back before it was handed out is never seen", async () => {
  const { seen, stream } = record();
  stream.observe({ type: "added", object: offer("a"), initial: false });
  stream.observe({ type: "deleted", object: offer("a") });
  await settled();
  expect(seen).toEqual([]);
});

test("an answered offer is not rescinded, and its results are told", async () => {
  const { seen, stream } = record();
  stream.observe({ type: "added", object: offer("a"), initial: false });
  await settled();
  stream.answered("a");
  const done = offer("a", {
    response: { accept: {} },
    status: { state: "Accepted", operations: [{ index: 0, type: "LAUNCH", status: "FINISHED" }] },
  });
  stream.observe({ type: "updated", object: done, old: offer("a") });
  stream.observe({ type: "deleted", object: done });
  expect(seen).toEqual(["offers a", "operations a FINISHED"]);
});

test("inverse offers have callbacks of their own", async () => {
  const { seen, stream } = record();
  stream.observe({ type: "added", object: offer("a"), initial: false });
  stream.observe({ type: "added", object: offer("i", { inverse: true }), initial: false });
  stream.observe({ type: "added", object: offer("j", { inverse: true }), initial: false });
  await settled();
  const gone = offer("i", { inverse: true, status: { state: "Rescinded" } });
  stream.observe({ type: "updated", object: gone, old: offer("i", { inverse: true }) });
  stream.answered("j");
  const said = offer("j", {
    inverse: true,
    response: { accept: {} },
    status: { state: "Accepted" },
  });
  stream.observe({ type: "updated", object: said, old: offer("j", { inverse: true }) });
  expect(seen).toEqual(["offers a", "inverse i,j", "inverse rescinded i"]);
});

test("an offer tells whether it may be taken back", () => {
  const plain = offer("o1");
  expect(toOffered(plain).revocable).toBe(false);
  expect(toOffered({ ...plain, spec: { ...plain.spec, revocable: true } }).revocable).toBe(true);
});

test("an inverse offer tells when, and what is asked back", () => {
  expect(toInverse(offer("i", { inverse: true }))).toMatchObject([
    { id: "i", agent: "node-1", hostname: "node-1", unavailability: { start: new Date("2026-01-02") } },
  ]);
});
