import { afterAll, beforeAll, expect, it } from "vitest";
import type { Connection } from "../../../src/cluster/connection.ts";
import { type Lease, leases } from "../../../src/cluster/core.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { SpecWriter } from "../../../src/framework/specwriter.ts";
import { connectTo, freshNamespace } from "./fixture.ts";

let connection: Connection;
let namespace: string;
beforeAll(async () => {
  connection = await connectTo();
  namespace = await freshNamespace(connection, "specwriter");
});
afterAll(() => connection.close());

/** A writer whose mirror shows the Lease so, and the ways by which it wrote. */
function writer(seen: Live<Lease> | undefined) {
  const client = leases(connection);
  const ways: string[] = [];
  const watched: Pick<typeof client, "update" | "mergePatch"> = {
    update: (...args) => {
      ways.push("update");
      return client.update(...args);
    },
    mergePatch: (...args) => {
      ways.push("patch");
      return client.mergePatch(...args);
    },
  };
  return { ways, writer: new SpecWriter(watched, { get: () => seen }) };
}

const make = (name: string): Promise<Live<Lease>> =>
  leases(connection).create({ metadata: { name, namespace }, spec: { holderIdentity: "a" } });

it("writes as a whole what it has seen, and changes nothing else", async () => {
  const lease = await make("seen");
  const { ways, writer: own } = writer(lease);
  const written = await own.write(lease.metadata, { leaseDurationSeconds: 5 }, "test");
  expect(written.spec).toEqual({ holderIdentity: "a", leaseDurationSeconds: 5 });
  expect(ways).toEqual(["update"]);
});

it("undoes nothing that was written since, and writes all the same", async () => {
  const old = await make("overtaken");
  await leases(connection).mergePatch(old.metadata, { spec: { holderIdentity: "b" } });
  const { ways, writer: own } = writer(old);
  const written = await own.write(old.metadata, { leaseDurationSeconds: 5 }, "test");
  expect(written.spec).toEqual({ holderIdentity: "b", leaseDurationSeconds: 5 });
  expect(ways).toEqual(["update", "patch"]);
});

it("patches what it has not seen", async () => {
  const lease = await make("unseen");
  const { ways, writer: own } = writer(undefined);
  await own.write(lease.metadata, { leaseDurationSeconds: 5 }, "test");
  expect(ways).toEqual(["patch"]);
});
