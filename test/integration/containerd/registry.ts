import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Blob, Image } from "../../../hack/devcluster/ociimage.ts";
import type { PrivateContainerd } from "./privateContainerd.ts";

export const USER = "puller";
export const PASSWORD = "correct-horse";
/** bcrypt of PASSWORD. */
const HTPASSWD = `${USER}:$2y$05$abcdefghijklmnopqrstuuZ0Fx87Pb/Aqb0E90lfvCwzXnaFKUHpS\n`;

/** A distribution registry on the loopback interface, in memory. */
export class Registry {
  readonly host: string;
  readonly #process: ChildProcess;
  readonly #authorization: Record<string, string>;

  private constructor(host: string, child: ChildProcess, secured: boolean) {
    this.host = host;
    this.#process = child;
    const basic = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");
    this.#authorization = secured ? { authorization: `Basic ${basic}` } : {};
  }

  static async start(containerd: PrivateContainerd, { secured }: { secured: boolean }): Promise<Registry> {
    const host = `127.0.0.1:${await freePort()}`;
    const file = (name: string) => join(containerd.folder, `registry-${host.replace(":", "-")}.${name}`);
    writeFileSync(file("htpasswd"), HTPASSWD);
    const auth = secured ? `auth: {htpasswd: {realm: test, path: ${file("htpasswd")}}}` : "";
    writeFileSync(
      file("yml"),
      `version: 0.1\nlog: {level: warn}\nstorage: {inmemory: {}}\nhttp: {addr: "${host}"}\n${auth}\n`,
    );
    const log = openSync(file("log"), "w");
    const child = spawn(containerd.program("registry"), ["serve", file("yml")], {
      stdio: ["ignore", log, log],
    });
    const registry = new Registry(host, child, secured);
    await registry.#answers();
    return registry;
  }

  async push(repository: string, tag: string, image: Image): Promise<void> {
    for (const blob of [...image.layers, image.config]) await this.#upload(repository, blob);
    const { mediaType, content } = image.manifest;
    await this.#request("PUT", `${repository}/manifests/${tag}`, content, { "content-type": mediaType });
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await ended;
  }

  async #upload(repository: string, blob: Blob): Promise<void> {
    const begun = await this.#request("POST", `${repository}/blobs/uploads/`);
    const location = new URL(begun.headers.get("location") ?? "", `http://${this.host}`);
    location.searchParams.set("digest", blob.digest);
    await this.#fetch(location, "PUT", blob.content, { "content-type": "application/octet-stream" });
  }

  #request(
    method: string,
    path: string,
    body?: Buffer,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return this.#fetch(new URL(`http://${this.host}/v2/${path}`), method, body, headers);
  }

  async #fetch(
    url: URL,
    method: string,
    body?: Buffer,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const init = { method, headers: { ...headers, ...this.#authorization } };
    const response = await fetch(url, body === undefined ? init : { ...init, body: new Uint8Array(body) });
    if (!response.ok)
      throw new Error(`${method} ${url.pathname}: ${response.status} ${await response.text()}`);
    return response;
  }

  async #answers(): Promise<void> {
    for (const deadline = Date.now() + 20_000; ; ) {
      try {
        await this.#request("GET", "");
        return;
      } catch (error) {
        if (Date.now() > deadline || this.#process.exitCode !== null) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}
