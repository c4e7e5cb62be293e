import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { layer } from "../../../hack/devcluster/ociimage.ts";

const PROTO = join(dirname(createRequire(import.meta.url).resolve("mesos-framework")), "proto");

/** A tar.gz of the executor: one program, and the protos that the package reads from beside it. */
export async function executorArchive(): Promise<Buffer> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "program.cjs")],
    bundle: true,
    minify: true,
    platform: "node",
    format: "cjs",
    write: false,
  });
  const protos = readdirSync(PROTO, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".proto"),
  );
  return gzipSync(
    await layer([
      { path: "lib/executor.cjs", content: Buffer.from(outputFiles[0]?.contents ?? []) },
      ...protos.map((path) => ({
        path: `proto/${relative(PROTO, join(PROTO, path))}`,
        content: readFileSync(join(PROTO, path)),
      })),
    ]),
  );
}
