import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { build } from "esbuild";
import { cacheDir } from "./binaries.ts";
import { ClusterError } from "./failure.ts";
import { type Image, image, type LayerEntry, layer, writeArchive } from "./ociimage.ts";
import {
  accountEntries,
  busyboxApplets,
  busyboxEntries,
  NONROOT,
  programEntries,
  TINI,
} from "./systemlayers.ts";

/** An image that was written to an archive. */
export interface BuiltImage {
  readonly archive: string;
  /** `repository:dev`, and `repository:dev-` with the first 12 digits of the image's digest. */
  readonly names: readonly [tag: string, contentTag: string];
}

const ROOT = join(import.meta.dirname, "../..");
/** Programs of /app, by name, and where they start. */
const PROGRAMS: Readonly<Record<string, string>> = {
  operator: "src/main/operator.ts",
  agent: "src/main/agent.ts",
  cli: "src/main/cli.ts",
  files: "src/main/files.ts",
  "example-framework": "examples/framework/main.ts",
};
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

// Packages that are still CommonJS ask for `require` within the bundle.
const BANNER = `import { createRequire as createRequireOfBundle } from "node:module";
const require = createRequireOfBundle(import.meta.url);`;

/** Writes the programs as the image has them into a folder; the operator is at `app/operator.js` there. */
export async function writePrograms(dir: string): Promise<void> {
  for (const entry of await bundles()) {
    const path = join(dir, entry.path);
    if ("content" in entry) writeFileSync(path, entry.content);
    else mkdirSync(path, { recursive: true });
  }
}

async function bundles(): Promise<LayerEntry[]> {
  const entryPoints = Object.entries(PROGRAMS).map(([out, path]) => ({ in: join(ROOT, path), out }));
  const { outputFiles } = await build({
    entryPoints,
    // Nothing is written there: it makes the paths in the source maps the same wherever the tree lies.
    outdir: join(ROOT, "app"),
    bundle: true,
    // What is imported on demand (client-node, 17 MB, for kubeconfigs) stays a file of its own: V8 keeps a loaded file's whole text.
    splitting: true,
    write: false,
    platform: "node",
    target: "node24",
    format: "esm",
    conditions: ["mesos-source"],
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "none",
    banner: { js: BANNER },
    absWorkingDir: ROOT,
    logLevel: "silent",
  }).catch((cause: Error) => {
    throw new ClusterError(`The programs could not be bundled: ${cause.message}`, { cause });
  });
  const files = outputFiles.map(({ path, contents }) => ({
    path: relative(ROOT, path),
    content: Buffer.from(contents),
  }));
  return [
    { path: "app", directory: true },
    { path: "app/package.json", content: '{"type":"module"}\n' },
    ...files.sort((a, b) => (a.path < b.path ? -1 : 1)),
  ];
}

/** Node with the libraries it is linked to, a shell, the tasks' init, and the certificates of public authorities. */
async function nodeSystem(): Promise<LayerEntry[]> {
  const certificates: LayerEntry[] = existsSync(CERTIFICATES)
    ? [
        { path: "etc/ssl", directory: true },
        { path: "etc/ssl/certs", directory: true },
        { path: CERTIFICATES, content: readFileSync(CERTIFICATES) },
      ]
    : [];
  return [
    ...busyboxEntries(await busyboxApplets()),
    ...accountEntries(),
    { path: "bin/tini", content: readFileSync(TINI), mode: 0o755 },
    ...certificates,
    ...(await programEntries(process.execPath, "/usr/local/bin/node")),
  ];
}

const KEPT_MS = 3600 * 1000;

/** Archives of earlier builds go, but not those that another run may be loading. */
function removeOld(dir: string, repository: string): void {
  for (const file of readdirSync(dir).filter((name) => name.startsWith(`${repository}-`))) {
    const path = join(dir, file);
    if (Date.now() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { force: true });
  }
}

async function write(repository: string, built: Image): Promise<BuiltImage> {
  const dir = join(cacheDir(), "images");
  mkdirSync(dir, { recursive: true });
  removeOld(dir, `${repository}-dev`);
  const hash = built.config.digest.replace("sha256:", "").slice(0, 12);
  const names = [`${repository}:dev`, `${repository}:dev-${hash}`] as const;
  const archive = join(dir, `${repository}-dev-${hash}.tar`);
  if (!existsSync(archive)) await writeArchive(archive, built, names);
  return { archive, names };
}

/** The image of operator, agent and gateway: `node /app/operator.js` by default, as a user without rights. */
export async function buildProjectImage(): Promise<BuiltImage> {
  const layers = await Promise.all([nodeSystem().then(layer), bundles().then(layer)]);
  const config = {
    // Without --enable-source-maps, which parses every map at the start and keeps it: 50 MB a program. Names survive bundling.
    Entrypoint: ["/usr/local/bin/node"],
    Cmd: ["/app/operator.js"],
    Env: ["PATH=/usr/local/bin:/bin", `SSL_CERT_FILE=${CERTIFICATES}`, "NODE_ENV=production"],
    User: `${NONROOT}:${NONROOT}`,
    WorkingDir: "/app",
  };
  return write("mesos-operator", image(layers, config));
}

/** The image of a task that names none: a shell and the usual small programs. */
export async function buildTaskImage(): Promise<BuiltImage> {
  const entries = [...busyboxEntries(await busyboxApplets()), ...accountEntries()];
  const config = { Cmd: ["/bin/sh"], Env: ["PATH=/bin"], WorkingDir: "/" };
  return write("mesos-task-default", image([await layer(entries)], config));
}
