import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hash } from "bcryptjs";
import { stringify } from "yaml";
import { readArchive } from "./archive.ts";
import { type Binaries, binary } from "./binaries.ts";
import { ClusterError } from "./failure.ts";
import type { Blob } from "./ociimage.ts";
import type { Processes } from "./processes.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface RegistryOptions {
  /** An address of this machine that the nodes reach, such as the cluster's bridge. */
  readonly address: string;
  readonly port: number;
  /** Who may read and write; without them everyone may. */
  readonly credentials?: Credentials;
}

const READY_MS = 10_000;
const BCRYPT_ROUNDS = 4; // The password of a test, asked for with every request.

const basic = ({ username, password }: Credentials) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

export function registryConfig(options: RegistryOptions, dir: string): string {
  const auth = { htpasswd: { realm: "registry", path: join(dir, "htpasswd") } };
  return stringify({
    version: 0.1,
    log: { level: "warn" },
    storage: { filesystem: { rootdirectory: join(dir, "data") }, delete: { enabled: true } },
    http: { addr: `${options.address}:${options.port}` },
    ...(options.credentials === undefined ? {} : { auth }),
  });
}

/** What tells a node's containerd, in `/etc/containerd/certs.d/HOST/hosts.toml`, that the registry speaks plain HTTP. */
export function plainHttpHosts(host: string): string {
  return `server = "http://${host}"\n\n[host."http://${host}"]\n  capabilities = ["pull", "resolve"]\n`;
}

/** A registry of images on this machine, speaking plain HTTP. */
export class Registry {
  readonly #name: string;
  readonly #options: RegistryOptions;
  readonly #processes: Processes;

  private constructor(name: string, options: RegistryOptions, processes: Processes) {
    this.#name = name;
    this.#options = options;
    this.#processes = processes;
  }

  /**
   * Starts a registry that keeps its images in `dir`. `launcher` is put before its command line.
   * @throws ClusterError when it does not answer.
   */
  static async start(
    name: string,
    dir: string,
    options: RegistryOptions,
    binaries: Binaries,
    processes: Processes,
    launcher: readonly string[] = [],
  ): Promise<Registry> {
    mkdirSync(dir, { recursive: true });
    if (options.credentials !== undefined) {
      const { username, password } = options.credentials;
      const line = `${username}:${await hash(password, BCRYPT_ROUNDS)}\n`;
      writeFileSync(join(dir, "htpasswd"), line, { mode: 0o600 });
    }
    const config = join(dir, "config.yaml");
    writeFileSync(config, registryConfig(options, dir));
    const env = { PATH: process.env.PATH, OTEL_TRACES_EXPORTER: "none" };
    await processes.start(name, [...launcher, binary(binaries, "registry"), "serve", config], env);
    const registry = new Registry(name, options, processes);
    await processes.waitReady(name, () => registry.#answers(), READY_MS);
    return registry;
  }

  /** `address:port`, the first part of the names of its images. */
  get host(): string {
    return `${this.#options.address}:${this.#options.port}`;
  }

  async stop(): Promise<void> {
    await this.#processes.stop(this.#name);
  }

  async #answers(): Promise<boolean> {
    const response = await this.#request("GET", "/v2/").catch(() => undefined);
    return response?.ok === true;
  }

  async #request(method: string, path: string, body?: Blob): Promise<Response> {
    const { credentials } = this.#options;
    const headers = {
      ...(credentials === undefined ? {} : { authorization: basic(credentials) }),
      ...(body === undefined ? {} : { "content-type": body.mediaType }),
    };
    const url = new URL(path, `http://${this.host}`);
    return fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body: new Uint8Array(body.content) }),
    });
  }

  async #require(method: string, path: string, body?: Blob): Promise<Response> {
    const response = await this.#request(method, path, body);
    if (response.ok) return response;
    throw new ClusterError(`${method} ${path} at ${this.host}: ${response.status} ${await response.text()}`);
  }

  async #pushBlob(repository: string, blob: Blob): Promise<void> {
    const there = await this.#request("HEAD", `/v2/${repository}/blobs/${blob.digest}`);
    if (there.ok) return;
    const upload = await this.#require("POST", `/v2/${repository}/blobs/uploads/`);
    const location = new URL(upload.headers.get("location") ?? "", `http://${this.host}`);
    location.searchParams.set("digest", blob.digest);
    const content = { ...blob, mediaType: "application/octet-stream" };
    await this.#require("PUT", `${location.pathname}${location.search}`, content);
  }

  /**
   * Pushes the image of an archive that ociimage.ts wrote.
   * @returns the name to pull it by: `address:port/repository:tag`
   */
  async push(archive: string, repository: string, tag: string): Promise<string> {
    const { config, layers, manifest } = await readArchive(archive);
    for (const blob of [config, ...layers]) await this.#pushBlob(repository, blob);
    await this.#require("PUT", `/v2/${repository}/manifests/${tag}`, manifest);
    return `${this.host}/${repository}:${tag}`;
  }
}
