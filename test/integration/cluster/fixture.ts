import { readFileSync } from "node:fs";
import { inject, vi } from "vitest";
import { parse } from "yaml";
import { Connection, type ConnectionOptions } from "../../../src/cluster/connection.ts";
import { type ConfigMap, configMaps, namespaces } from "../../../src/cluster/core.ts";
import { findCredentials } from "../../../src/cluster/credentials.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import type { Live } from "../../../src/cluster/object.ts";
import { FaultyProxy } from "./proxy.ts";

export const silent = createLogger({ name: "test", level: "silent" });

/** A logger and the messages that it took, with their fields. */
export function recorded(level = "debug") {
  const lines: Record<string, unknown>[] = [];
  return {
    logger: createLogger({ name: "test", level, write: (line) => lines.push(JSON.parse(line)) }),
    lines,
  };
}

export function serverOf(kubeconfig: string): URL {
  return new URL(parse(readFileSync(kubeconfig, "utf8")).clusters[0].cluster.server);
}

const OPTIONS = { userAgent: "cluster-test", qps: 1000, burst: 1000 };

export function connectTo(options: Partial<ConnectionOptions> = {}): Promise<Connection> {
  return Connection.load({ ...OPTIONS, kubeconfig: inject("kubeconfig"), ...options });
}

/** A connection through a proxy of its own. */
export async function connectByProxy(options: Partial<ConnectionOptions> = {}) {
  const kubeconfig = options.kubeconfig ?? inject("kubeconfig");
  const proxy = new FaultyProxy(serverOf(kubeconfig));
  const server = await proxy.start();
  const source = await findCredentials({ kubeconfig });
  const connection = new Connection({ ...source, server }, { ...OPTIONS, ...options });
  return { proxy, connection };
}

/** Waits until the check passes; far longer than it takes, as machines are slow at times. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 30_000, interval: 10 });
}

/** Makes a namespace with a name that no other test has. */
export async function freshNamespace(connection: Connection, prefix: string): Promise<string> {
  const { metadata } = await namespaces(connection).create({ metadata: { generateName: `${prefix}-` } });
  return metadata.name;
}

export function configMap(namespace: string, name: string, data: Record<string, string> = {}): ConfigMap {
  return { metadata: { namespace, name }, data };
}

/** Makes `count` of them, in parallel as far as the connection lets. */
export async function makeConfigMaps(
  connection: Connection,
  namespace: string,
  count: number,
): Promise<Live<ConfigMap>[]> {
  const resource = configMaps(connection);
  const names = Array.from({ length: count }, (_, i) => `c${String(i).padStart(5, "0")}`);
  return Promise.all(names.map((name) => resource.create(configMap(namespace, name, { name }))));
}
