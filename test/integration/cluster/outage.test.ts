import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiserverPlan, startApiserver } from "../../../hack/devcluster/apiserver.ts";
import { type Binaries, ensureBinaries } from "../../../hack/devcluster/binaries.ts";
import { writeKubeconfig } from "../../../hack/devcluster/kubeconfig.ts";
import { Processes } from "../../../hack/devcluster/processes.ts";
import { APISERVER_PROGRAMS } from "../../../hack/devcluster/programs.ts";
import type { Connection } from "../../../src/cluster/connection.ts";
import { configMaps, leases, secrets } from "../../../src/cluster/core.ts";
import { ConnectionError, isExpired } from "../../../src/cluster/errors.ts";
import { Expiry } from "../../../src/cluster/expiry.ts";
import { Heartbeat } from "../../../src/cluster/heartbeat.ts";
import { Reflector } from "../../../src/cluster/reflector.ts";
import {
  configMap,
  connectByProxy,
  connectTo,
  eventually,
  makeConfigMaps,
  recorded,
  silent,
} from "./fixture.ts";

/** An API server and its etcd, of this test alone: it is killed here. */
const dir = mkdtempSync(join(tmpdir(), "cluster-outage-"));
const processes = new Processes(dir);
let plan: ApiserverPlan;
let binaries: Binaries;
let connection: Connection;
const namespace = "default";

/**
 * Below the range of which clients get theirs (from 32768 on Linux): while the server is down, nobody must sit on its port,
 * least of all a client that connects to it.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    if (await isFree(port)) return port;
  }
}

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

const kill = () => processes.kill("kube-apiserver");

const start = () => startApiserver(dir, plan, binaries, processes, ["setpriv", "--pdeathsig", "KILL"]);

beforeAll(async () => {
  binaries = await ensureBinaries(APISERVER_PROGRAMS, () => {});
  plan = {
    address: "127.0.0.1",
    port: await freePort(),
    etcdAddress: "127.0.0.1",
    etcdPort: await freePort(),
    etcdPeerPort: await freePort(),
    serviceCidr: "10.254.0.0/24",
    serviceAddress: "10.254.0.1",
    advertise: false,
  };
  const { server, authority } = await start();
  const kubeconfig = join(dir, "kubeconfig");
  const subject = { commonName: "admin", organizations: ["system:masters"] };
  await writeKubeconfig(kubeconfig, "outage", server, authority, "admin", subject);
  connection = await connectTo({ kubeconfig });
  await eventually(() => configMaps(connection).list({ namespace }));
});

afterAll(async () => {
  connection.close();
  await processes.stop("kube-apiserver");
  await processes.stop("etcd");
  rmSync(dir, { recursive: true, force: true });
});

/** Forgets all revisions before now, as the API server has etcd do every five minutes. */
async function compact(): Promise<void> {
  const { resourceVersion } = await configMaps(connection).list({ namespace });
  const response = await fetch(`http://127.0.0.1:${plan.etcdPort}/v3/kv/compaction`, {
    method: "POST",
    body: JSON.stringify({ revision: resourceVersion, physical: true }),
  });
  expect(response.status).toBe(200);
}

describe("when the API server is killed and comes back", () => {
  it("a reflector whose version is forgotten goes on from a new list, and tells only what differs", async () => {
    const { proxy, connection: proxied } = await connectByProxy({ kubeconfig: join(dir, "kubeconfig") });
    const maps = configMaps(connection);
    const [same, kept, gone] = await Promise.all(
      ["same", "kept", "gone"].map((name) => maps.create(configMap(namespace, name, { a: "1" }))),
    );
    if (!same || !kept || !gone) throw new Error("unreachable");
    const { logger, lines } = recorded();
    const reflector = new Reflector(configMaps(proxied), { namespace, logger, random: () => 0 });
    const stop = new AbortController();
    const running = reflector.run(stop.signal);
    await reflector.synced;
    const changes: string[] = [];
    reflector.onChange(({ type, object }) => changes.push(`${type} ${object.metadata.name}`));
    changes.length = 0;
    await eventually(() => expect(reflector.watching).toBe(true));
    // From here on it hears nothing; what follows moves etcd's revision on, and the new server knows nothing older.
    proxy.hold();
    await maps.delete(gone.metadata);
    await maps.mergePatch(kept.metadata, { data: { a: "2" } });
    await maps.create(configMap(namespace, "new"));
    await kill();
    await start();
    proxy.release();
    proxy.cut();
    await eventually(() => expect(changes).toHaveLength(3));
    expect(changes).toEqual(["deleted gone", "updated kept", "added new"]);
    expect(reflector.store.get("default/kept")?.data).toEqual({ a: "2" });
    expect(lines).toContainEqual(expect.objectContaining({ err: expect.objectContaining({ code: 410 }) }));
    expect(lines.filter(({ msg }) => msg === "listed")).toHaveLength(2);
    stop.abort();
    await running;
    proxied.close();
    await proxy.stop();
  }, 120_000);

  it("Leases that are renewed do not lapse, though nobody could renew them for longer than they last", async () => {
    const stop = new AbortController();
    const timing = { interval: 300, duration: 3_000 };
    const heart = new Heartbeat(leases(connection), {
      namespace,
      name: "n1",
      identity: "n1",
      ...timing,
      logger: silent,
    });
    const beats = new Reflector(leases(connection), { namespace, logger: silent, random: () => 0 });
    const expiry = new Expiry(beats, { duration: 3_000 });
    const told: string[] = [];
    expiry.onChange((key, state) => told.push(`${key} ${state}`));
    const running = [heart, beats].map((part) => part.run(stop.signal));
    await eventually(() => expect([beats.watching, told.length]).toEqual([true, 1]));
    const renewed = () => leases(connection).get({ namespace, name: "n1" });
    const before = (await renewed()).spec?.renewTime;
    await kill();
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await start();
    await eventually(() => expect(beats.watching).toBe(true));
    await eventually(async () => expect((await renewed()).spec?.renewTime).not.toBe(before));
    expect(told).toEqual(["default/n1 fresh"]);
    stop.abort();
    await Promise.all(running);
    expiry.close();
  }, 120_000);

  it("is asked again, when it says that it does not know all its paths yet", async () => {
    await kill();
    const started = start();
    // Of a group that nobody has installed: 503 while the server may yet learn of it, 404 from then on.
    const path = "/apis/nobody.example/v1/things";
    const first = () => connection.call({ method: "GET", path }).catch((error: unknown) => error);
    let answer = await first();
    while (answer instanceof ConnectionError) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      answer = await first();
    }
    expect(answer).toMatchObject({ code: 404 });
    await started;
  }, 120_000);

  it("a version that etcd has compacted is Expired for a watch and for the pages of a list", async () => {
    await makeConfigMaps(connection, namespace, 20);
    const pages = configMaps(connection).pages({ namespace, limit: 10 });
    const first = await pages.next();
    const resourceVersion = first.value?.resourceVersion ?? "";
    await configMaps(connection).create(configMap(namespace, "later"));
    await secrets(connection).create({ metadata: { namespace, name: "later" } });
    await compact();
    await kill();
    await start();
    await eventually(() => configMaps(connection).list({ namespace }));
    const rest = await pages.next().catch((error: unknown) => error);
    expect(isExpired(rest)).toBe(true);
    const watch = configMaps(connection).watch({ namespace, resourceVersion, timeoutSeconds: 5 });
    const event = await watch.next().catch((error: unknown) => error);
    expect(isExpired(event)).toBe(true);
  }, 120_000);
});
