import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "./command.ts";
import { ClusterError, lastLines } from "./failure.ts";
import { type GoModule, MODULES, type ModuleName, PROGRAMS, type ProgramName } from "./programs.ts";
import { type Say, step } from "./progress.ts";

/** Absolute path of each program that was asked for. */
export type Binaries = ReadonlyMap<ProgramName, string>;

const MODULES_DIR = join(import.meta.dirname, "modules");
const MIN_GO = 21; // The first Go that fetches the toolchain a go.mod asks for.

/** Where what is slow to make is kept between runs, outside the tree. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return env.MESOS_DEV_CACHE ?? join(homedir(), ".cache", "mesos-operator");
}

/** The arguments of `go build` for one module. */
export function buildFlags(module: GoModule): string[] {
  const set = Object.entries(module.set ?? {}).map(([symbol, value]) => `-X ${symbol}=${value}`);
  const tags = module.tags === undefined ? [] : ["-tags", module.tags.join(",")];
  return ["-trimpath", "-buildvcs=false", ...tags, "-ldflags", ["-s -w", ...set].join(" ")];
}

/** A new key for every change of a version, a flag, our own source or Go itself. */
export function moduleKey(
  sources: ReadonlyMap<string, string>,
  flags: readonly string[],
  goVersion: string,
): string {
  const hash = createHash("sha256").update(JSON.stringify([goVersion, flags]));
  for (const name of [...sources.keys()].sort()) hash.update(`\0${name}\0${sources.get(name)}`);
  return hash.digest("hex").slice(0, 12);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function goVersion(): Promise<string> {
  const version = await run(["go", "env", "GOVERSION"]).catch((cause: unknown) => {
    throw new ClusterError(
      "Go is missing: install Go 1.26 (https://go.dev/doc/install) and run this again.",
      { cause },
    );
  });
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0);
  if (minor < MIN_GO)
    throw new ClusterError(`${version.trim()} is too old: install Go 1.26 and run this again.`);
  return version.trim();
}

function moduleSources(name: ModuleName): Map<string, string> {
  const dir = join(MODULES_DIR, name);
  return new Map(readdirSync(dir).map((file) => [file, readFileSync(join(dir, file), "utf8")]));
}

/** Folder in the cache of one module's programs, for one state of its sources. */
function moduleDir(name: ModuleName, go: string): string {
  return join(cacheDir(), "bin", `${name}-${moduleKey(moduleSources(name), buildFlags(MODULES[name]), go)}`);
}

// The lock makes several builders take turns; each looks again once it is in. The rename makes a
// program appear whole or not at all.
const BUILD = `
set -e
target=$1; package=$2; shift 2
if [ -x "$target" ]; then exit 0; fi
trap 'rm -f "$target.$$"' EXIT
go build "$@" -o "$target.$$" "$package"
mv "$target.$$" "$target"`;

async function build(name: ProgramName, target: string, say: Say): Promise<void> {
  const { module, package: path } = PROGRAMS[name];
  mkdirSync(dirname(target), { recursive: true });
  const lock = join(cacheDir(), "bin", ".lock");
  const argv = [lock, "sh", "-c", BUILD, "sh", target, path, ...buildFlags(MODULES[module])];
  await step(
    say,
    `built ${name}`,
    () =>
      new Promise<void>((resolve, reject) => {
        const env = { ...process.env, CGO_ENABLED: "0" };
        const child = spawn("flock", argv, {
          cwd: join(MODULES_DIR, module),
          env,
          stdio: ["ignore", "ignore", "pipe"],
        });
        let stderr = "";
        child.stderr.on("data", (chunk: Buffer) => {
          stderr += chunk.toString();
        });
        child.on("error", (cause) =>
          reject(new ClusterError("flock is missing: install util-linux.", { cause })),
        );
        child.on("close", (code) => {
          if (code === 0) return resolve();
          const hint = "If modules could not be fetched, check GOPROXY with 'go env GOPROXY'.";
          reject(new ClusterError(`${name} could not be built:\n${lastLines(stderr, 20)}\n${hint}`));
        });
      }),
  );
}

/**
 * Paths of the programs, building those that are missing from the cache. A folder named by KUBEBUILDER_ASSETS
 * is used first, as envtest does.
 * @throws ClusterError when Go is missing or a build fails.
 */
export async function ensureBinaries(names: readonly ProgramName[], say: Say): Promise<Binaries> {
  const assets = process.env.KUBEBUILDER_ASSETS;
  const found = new Map<ProgramName, string>();
  const missing: [ProgramName, string][] = [];
  let go: string | undefined;
  for (const name of names) {
    const asset = assets === undefined ? undefined : join(assets, name);
    if (asset !== undefined && isExecutable(asset)) {
      found.set(name, asset);
      continue;
    }
    go ??= await goVersion();
    const path = join(moduleDir(PROGRAMS[name].module, go), name);
    found.set(name, path);
    if (!isExecutable(path)) missing.push([name, path]);
  }
  if (missing.length > 0) {
    say(
      `building ${missing.length} Go programs into ${join(cacheDir(), "bin")} (minutes, once): ${missing.map(([n]) => n).join(", ")}`,
    );
  }
  for (const [name, path] of missing) await build(name, path, say);
  return found;
}

/** @throws ClusterError when the program was not asked for. */
export function binary(binaries: Binaries, name: ProgramName): string {
  const path = binaries.get(name);
  if (path === undefined) throw new ClusterError(`${name} was not built: ask ensureBinaries for it`);
  return path;
}

/** The folders of the programs, each once: for PATH. */
export function binaryDirs(binaries: Binaries): string[] {
  return [...new Set([...binaries.values()].map((path) => dirname(path)))];
}
