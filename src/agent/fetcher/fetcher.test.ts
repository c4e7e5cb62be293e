import { createHash } from "node:crypto";
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Uri } from "../../api/container.ts";
import { isNodeLocal } from "./addresses.ts";
import { Fetcher, outputName, redacted } from "./fetcher.ts";
import { UriCache } from "./uriCache.ts";
import { zipOf } from "./zipFixture.ts";

let folder = "";
let server: Server;
let base = "";
let requests: string[] = [];
let hold: Promise<void> = Promise.resolve();
const bodies: Record<string, Buffer | string> = {
  "/hello.txt": "hello",
  "/a.zip": zipOf([{ name: "in.txt", content: "zipped" }]),
  "/big": Buffer.alloc(2000),
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetcher-"));
  requests = [];
  hold = Promise.resolve();
  server = createServer(async (request, response) => {
    const url = request.url ?? "";
    requests.push(url);
    await hold;
    const body = bodies[url];
    if (url === "/loop") response.writeHead(302, { Location: "/loop" }).end();
    else if (url === "/moved") response.writeHead(301, { Location: "/hello.txt" }).end();
    else if (url === "/to-file") response.writeHead(302, { Location: "file:///etc/passwd" }).end();
    else if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const uri = (value: string, fields: Partial<Uri> = {}): Uri => ({
  value: value.startsWith("/") ? base + value : value,
  extract: true,
  executable: false,
  cache: false,
  ...fields,
});

async function fetcherWith(cacheBytes = 1 << 20): Promise<Fetcher> {
  const cache = new UriCache(join(folder, "cache"), cacheBytes);
  const nodeRoot = async () => join(folder, "node");
  const fetcher = new Fetcher({ spool: join(folder, "spool"), cache, timeout: 10_000, nodeRoot });
  await fetcher.open();
  return fetcher;
}

let made = 0;
async function fetchInto(fetcher: Fetcher, uris: readonly Uri[], fields: object = {}): Promise<string> {
  const sandbox = join(folder, `sandbox${made++}`);
  await mkdir(sandbox);
  const { signal } = new AbortController();
  await fetcher.fetch({ uris, sandbox, maxBytes: 1 << 20, nodeLocal: true, signal, ...fields });
  return sandbox;
}

describe("fetch", () => {
  test("puts files where they are asked for", async () => {
    const sandbox = await fetchInto(await fetcherWith(), [
      uri("/hello.txt"),
      uri("/moved", { outputFile: "bin/run", executable: true }),
    ]);
    expect(await readFile(join(sandbox, "hello.txt"), "utf8")).toBe("hello");
    expect((await lstat(join(sandbox, "bin/run"))).mode & 0o777).toBe(0o755);
    expect(await readdir(join(folder, "spool"))).toEqual([]);
  });

  test("unpacks into the sandbox and keeps the archive beside", async () => {
    const sandbox = await fetchInto(await fetcherWith(), [uri("/a.zip")]);
    expect((await readdir(sandbox)).sort()).toEqual(["a.zip", "in.txt"]);
    const whole = await fetchInto(await fetcherWith(), [uri("/a.zip", { extract: false })]);
    expect(await readdir(whole)).toEqual(["a.zip"]);
  });

  test("takes files of the node, where its links lead", async () => {
    await mkdir(join(folder, "node/var"), { recursive: true });
    await writeFile(join(folder, "node/var/local.txt"), "of the node");
    await symlink("/var/local.txt", join(folder, "node/link"));
    const uris = [{ ...uri("/"), value: "/var/local.txt", outputFile: "local1" }, uri("file:///link")];
    const sandbox = await fetchInto(await fetcherWith(), uris);
    expect((await readdir(sandbox)).sort()).toEqual(["link", "local1"]);
    expect(await readFile(join(sandbox, "link"), "utf8")).toBe("of the node");
  });

  test.each([
    ["/etc/hostname", "is not on the node"],
    ["/var", "is a folder"],
  ])("does not take %s: it %s", async (value, message) => {
    await mkdir(join(folder, "node/var"), { recursive: true });
    const fetching = fetchInto(await fetcherWith(), [{ ...uri("/"), value, outputFile: "x" }]);
    await expect(fetching).rejects.toThrow(message);
  });

  test("compares the checksum", async () => {
    const right = createHash("sha256").update("hello").digest("hex");
    await fetchInto(await fetcherWith(), [uri("/hello.txt", { checksum: `sha256:${right}` })]);
    const wrong = uri("/hello.txt", { checksum: `sha512:${"0".repeat(128)}` });
    await expect(fetchInto(await fetcherWith(), [wrong])).rejects.toThrow("its sha512 is");
  });

  test.each([
    ["/nothing", {}, "the server answered with status 404"],
    ["/loop", {}, "redirects more than 10 times"],
    ["/to-file", {}, 'redirects to "file:///etc/passwd"'],
    ["/big", { maxBytes: 1999 }, "more than the 1999"],
    ["/hello.txt", { nodeLocal: false }, "an address of the node itself"],
  ])("refuses %s with %j", async (path, fields, message) => {
    await expect(fetchInto(await fetcherWith(), [uri(path)], fields)).rejects.toThrow(message);
  });

  test("stops when it is told to", async () => {
    hold = new Promise(() => {});
    const stop = new AbortController();
    const fetching = fetchInto(await fetcherWith(), [uri("/hello.txt")], { signal: stop.signal });
    await expect.poll(() => requests.length).toBe(1);
    stop.abort(new Error("killed"));
    await expect(fetching).rejects.toThrow("killed");
    server.closeAllConnections();
  });
});

describe("the cache", () => {
  const cached = () => uri("/hello.txt", { cache: true });

  test("asks once, also when several want it at the same time and after a restart", async () => {
    const fetcher = await fetcherWith();
    const sandboxes = await Promise.all([1, 2, 3].map(() => fetchInto(fetcher, [cached()])));
    await fetchInto(await fetcherWith(), [cached()]);
    expect(requests).toEqual(["/hello.txt"]);
    for (const sandbox of sandboxes) {
      expect(await readFile(join(sandbox, "hello.txt"), "utf8")).toBe("hello");
    }
  });

  test("does not hand a task the cache's own file", async () => {
    const fetcher = await fetcherWith();
    const sandbox = await fetchInto(fetcher, [cached()]);
    await writeFile(join(sandbox, "hello.txt"), "changed");
    const other = await fetchInto(fetcher, [cached()]);
    expect(await readFile(join(other, "hello.txt"), "utf8")).toBe("hello");
  });

  test("keeps within its size: the longest unused goes", async () => {
    const fetcher = await fetcherWith(2003);
    await fetchInto(fetcher, [cached()]);
    await fetchInto(fetcher, [uri("/big", { cache: true })]);
    expect(await readdir(join(folder, "cache"))).toHaveLength(1);
    await fetchInto(fetcher, [uri("/big", { cache: true })]);
    expect(requests).toEqual(["/hello.txt", "/big"]);
  });

  test("does not keep a failure, nor serve what came from the node's own addresses to others", async () => {
    const fetcher = await fetcherWith();
    await expect(fetchInto(fetcher, [uri("/nothing", { cache: true })])).rejects.toThrow("404");
    expect(await readdir(join(folder, "cache"))).toEqual([]);
    await fetchInto(fetcher, [cached()]);
    await expect(fetchInto(fetcher, [cached()], { nodeLocal: false })).rejects.toThrow("of the node itself");
  });
});

test.each([
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["169.254.169.254", true],
  ["[::1]", true],
  ["::ffff:127.0.0.1", true],
  ["fe80::1", true],
  ["10.0.0.1", false],
  ["example.com", false],
])("%s is of the node itself: %s", (host, local) => {
  expect(isNodeLocal(host)).toBe(local);
});

test("a file is named by the URI's path", () => {
  expect(outputName({ value: "https://x/a/b%20c.txt?q=1" })).toBe("b c.txt");
  expect(outputName({ value: "/srv/file" })).toBe("file");
  expect(() => outputName({ value: "https://x/" })).toThrow("names no file");
});

test("a password is not told", () => {
  expect(redacted("https://me:secret@x/a@b")).toBe("https://x/a@b");
});
