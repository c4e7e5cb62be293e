import type { TaskSpec } from "../../api/task.ts";
import type { Secret } from "../../cluster/core.ts";
import { isNotFound } from "../../cluster/errors.ts";
import type { Resource } from "../../cluster/resource.ts";
import type { DockerConfig } from "../provisioner/provisioner.ts";

/** A Secret that a task names is missing or is not what it should be. Values are never in the message. */
export class SecretError extends Error {
  override readonly name = "SecretError";
}

/** What a task needs of its namespace's Secrets. Values: never log them. */
export interface TaskSecrets {
  /** By variable. */
  readonly env: ReadonlyMap<string, string>;
  /** Keys and values, by the Secret's name. */
  readonly volumes: ReadonlyMap<string, ReadonlyMap<string, Buffer>>;
  readonly pull: readonly DockerConfig[];
}

const DOCKER_CONFIG = ".dockerconfigjson";

/** Reads each Secret that the task names, once. Rejects with SecretError, or as the API server does. */
export async function readSecrets(
  secrets: Pick<Resource<Secret>, "get">,
  namespace: string,
  spec: Pick<TaskSpec, "env" | "volumes" | "container">,
  signal: AbortSignal,
): Promise<TaskSecrets> {
  const known = new Map<string, Promise<ReadonlyMap<string, Buffer>>>();
  const read = (name: string) => {
    const before = known.get(name);
    if (before) return before;
    const reading = secrets.get({ namespace, name }, { signal }).then(decoded, (error) => {
      if (isNotFound(error)) throw new SecretError(`there is no Secret ${name} in namespace ${namespace}`);
      throw error;
    });
    known.set(name, reading);
    return reading;
  };

  const env = new Map<string, string>();
  for (const { name, secret } of spec.env ?? []) {
    if (secret === undefined) continue;
    const value = (await read(secret.name)).get(secret.key);
    if (value === undefined) throw new SecretError(`the Secret ${secret.name} has no key ${secret.key}`);
    env.set(name, value.toString("utf8"));
  }
  const volumes = new Map<string, ReadonlyMap<string, Buffer>>();
  for (const { secret } of spec.volumes ?? []) {
    if (secret !== undefined) volumes.set(secret, await read(secret));
  }
  const pull: DockerConfig[] = [];
  for (const name of spec.container?.imagePullSecrets ?? []) {
    pull.push(dockerConfig(name, (await read(name)).get(DOCKER_CONFIG)));
  }
  return { env, volumes, pull };
}

function decoded({ data = {} }: Secret): ReadonlyMap<string, Buffer> {
  return new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64")]));
}

function dockerConfig(name: string, content: Buffer | undefined): DockerConfig {
  try {
    const parsed: unknown = JSON.parse(content?.toString("utf8") ?? "");
    if (typeof parsed === "object" && parsed !== null && "auths" in parsed) return parsed as DockerConfig;
  } catch {
    // Its text may hold a password: it is not repeated.
  }
  throw new SecretError(`the Secret ${name} is not of type kubernetes.io/dockerconfigjson`);
}
