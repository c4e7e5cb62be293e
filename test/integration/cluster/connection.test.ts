import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { parse } from "yaml";
import { Connection } from "../../../src/cluster/connection.ts";
import { configMaps, namespaces, serviceAccounts } from "../../../src/cluster/core.ts";
import { ConfigurationError } from "../../../src/cluster/credentials.ts";
import { ConnectionError, DeadlineError, isForbidden, isUnauthorized } from "../../../src/cluster/errors.ts";
import { connectByProxy, connectTo, freshNamespace, serverOf } from "./fixture.ts";

let admin: Connection;
beforeAll(async () => {
  admin = await connectTo();
});
afterAll(() => admin.close());

describe("a call", () => {
  it("ends at its deadline when the peer falls silent, and the next one works", async () => {
    const { proxy, connection } = await connectByProxy();
    await namespaces(connection).list();
    proxy.hold();
    const started = performance.now();
    await expect(namespaces(connection).list({ timeout: 300 })).rejects.toThrow(DeadlineError);
    expect(performance.now() - started).toBeLessThan(15_000);
    proxy.release();
    expect((await namespaces(connection).list()).items.length).toBeGreaterThan(0);
    connection.close();
    await proxy.stop();
  });

  it("ends with the caller's reason when the caller aborts", async () => {
    const { proxy, connection } = await connectByProxy();
    proxy.hold();
    const controller = new AbortController();
    const calls = [1, 2, 3].map(() => namespaces(connection).list({ signal: controller.signal }));
    controller.abort(new Error("changed my mind"));
    for (const call of calls) await expect(call).rejects.toThrow("changed my mind");
    connection.close();
    await proxy.stop();
  });

  it("that waits for a free socket ends at its deadline too", async () => {
    const { proxy, connection } = await connectByProxy();
    proxy.hold();
    // More than there are sockets.
    const stop = new AbortController();
    const calls = Array.from({ length: 100 }, () => namespaces(connection).list({ signal: stop.signal }));
    const started = performance.now();
    await expect(namespaces(connection).list({ timeout: 300 })).rejects.toThrow(DeadlineError);
    expect(performance.now() - started).toBeLessThan(15_000);
    stop.abort(new Error("enough"));
    for (const call of calls) await expect(call).rejects.toThrow("enough");
    proxy.release();
    expect((await namespaces(connection).list()).items.length).toBeGreaterThan(0);
    connection.close();
    await proxy.stop();
  });

  it("survives that kept-alive connections were closed meanwhile, if it only reads", async () => {
    const { proxy, connection } = await connectByProxy();
    await Promise.all([1, 2, 3].map(() => namespaces(connection).list()));
    proxy.cut();
    expect((await namespaces(connection).list()).items.length).toBeGreaterThan(0);
    connection.close();
    await proxy.stop();
  });

  it("reuses its connections", async () => {
    const { proxy, connection } = await connectByProxy();
    for (let i = 0; i < 20; i++) await namespaces(connection).list();
    expect(proxy.accepted).toBe(1);
    connection.close();
    await proxy.stop();
  });

  it("says that nobody answers", async () => {
    const { proxy, connection } = await connectByProxy();
    await proxy.stop();
    const error = await namespaces(connection)
      .list()
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(String(error)).toMatch(/GET \/api\/v1\/namespaces: .*ECONNREFUSED/);
    connection.close();
  });

  it("is told with its code", async () => {
    const told: string[] = [];
    const connection = await connectTo({ onAnswer: (method, code) => told.push(`${method} ${code}`) });
    await namespaces(connection).get({ name: "default" });
    await namespaces(connection)
      .get({ name: "none" })
      .catch(() => {});
    expect(told).toEqual(["GET 200", "GET 404"]);
    connection.close();
  });

  it("keeps to the rate", async () => {
    const connection = await connectTo({ qps: 20, burst: 1 });
    const started = performance.now();
    await Promise.all(Array.from({ length: 7 }, () => namespaces(connection).get({ name: "default" })));
    expect(performance.now() - started).toBeGreaterThanOrEqual(290);
    connection.close();
  });
});

describe("a service account in a Pod", () => {
  let root: string;
  let env: NodeJS.ProcessEnv;
  let namespace: string;

  async function token(): Promise<string> {
    const body = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: 600 },
    };
    const ref = { namespace, name: "agent" };
    const { status } = await serviceAccounts(admin).post<{ status: { token: string } }>(ref, "token", body);
    return status.token;
  }

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "service-account-"));
    namespace = await freshNamespace(admin, "account");
    await serviceAccounts(admin).create({ metadata: { namespace, name: "agent" } });
    const { hostname, port } = serverOf(inject("kubeconfig"));
    env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    const { cluster } = parse(await readFile(inject("kubeconfig"), "utf8")).clusters[0];
    const ca = Buffer.from(cluster["certificate-authority-data"] ?? "", "base64");
    const file = cluster["certificate-authority"];
    await writeFile(join(root, "ca.crt"), file ? await readFile(file) : ca);
    await writeFile(join(root, "namespace"), namespace);
  });
  afterAll(() => rm(root, { recursive: true }));

  it("is who the files say, from the file's new token as soon as the old one is refused", async () => {
    await writeFile(join(root, "token"), `${await token()}\n`);
    const connection = await Connection.load({ userAgent: "cluster-test", env, serviceAccount: root });
    expect(connection.namespace).toBe(namespace);
    const error = await configMaps(connection)
      .list({ namespace })
      .catch((caught: unknown) => caught);
    expect(isForbidden(error) && error.message).toContain(`system:serviceaccount:${namespace}:agent`);

    await writeFile(join(root, "token"), "stale");
    const second = await Connection.load({ userAgent: "cluster-test", env, serviceAccount: root });
    expect(
      isUnauthorized(
        await configMaps(second)
          .list({ namespace })
          .catch((caught: unknown) => caught),
      ),
    ).toBe(true);
    await writeFile(join(root, "token"), await token());
    expect(
      isForbidden(
        await configMaps(second)
          .list({ namespace })
          .catch((caught: unknown) => caught),
      ),
    ).toBe(true);
    connection.close();
    second.close();
  });
});

describe("loading", () => {
  it("says which kubeconfig cannot be read", async () => {
    const loading = Connection.load({ userAgent: "x", kubeconfig: "/nowhere/config" });
    await expect(loading).rejects.toThrow(ConfigurationError);
    await expect(loading).rejects.toThrow("/nowhere/config");
  });

  it("says that a context is not there", async () => {
    const loading = Connection.load({ userAgent: "x", kubeconfig: inject("kubeconfig"), context: "other" });
    await expect(loading).rejects.toThrow('no cluster for context "other"');
  });
});
