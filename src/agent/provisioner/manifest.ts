import { createHash } from "node:crypto";
import * as z from "zod";
import { type ImageConfig, InvalidImageError } from "./provisioner.ts";

/** What an image is made of: OCI image-spec, and Docker's schema 2 which has the same form. */
const digest = z.string().regex(/^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/);
const descriptor = z.object({
  mediaType: z.string(),
  digest,
  size: z.number().int().nonnegative(),
  platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() }).optional(),
});
export type Descriptor = z.infer<typeof descriptor>;

const indexSchema = z.object({ manifests: z.array(descriptor) });
const manifestSchema = z.object({ config: descriptor, layers: z.array(descriptor) });
export type Manifest = z.infer<typeof manifestSchema>;

const strings = z.array(z.string()).nullish();
const configSchema = z.object({
  rootfs: z.object({ diff_ids: z.array(digest) }),
  config: z
    .object({
      Entrypoint: strings,
      Cmd: strings,
      Env: strings,
      User: z.string().nullish(),
      WorkingDir: z.string().nullish(),
      StopSignal: z.string().nullish(),
    })
    .nullish(),
});

const INDEX_TYPES = new Set([
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
]);
const MANIFEST_TYPES = new Set([
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
]);

export interface Platform {
  readonly os: "linux";
  readonly architecture: string;
  readonly variant: string;
}

/** Go's names by Node's process.arch. */
const GO_ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  ia32: "386",
  ppc64: "ppc64le",
  mipsel: "mipsle",
};

export function platformOf(arch: string): Platform {
  const architecture = GO_ARCHITECTURES[arch] ?? arch;
  const variant = architecture === "arm" ? "v7" : "";
  return { os: "linux", architecture, variant };
}

export function isIndex(mediaType: string): boolean {
  return INDEX_TYPES.has(mediaType);
}

export function isManifest(mediaType: string): boolean {
  return MANIFEST_TYPES.has(mediaType);
}

function parse<T>(schema: z.ZodType<T>, what: string, bytes: Uint8Array): T {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new InvalidImageError(`the image's ${what} cannot be read`, { cause });
  }
}

/** The manifest for this platform; an entry without a platform is taken only when it stands alone. */
export function selectManifest(index: Uint8Array, platform: Platform): Descriptor {
  const { manifests } = parse(indexSchema, "index", index);
  const candidates = manifests.filter(({ mediaType }) => isManifest(mediaType));
  const matching = candidates.filter(
    (each) => each.platform?.os === platform.os && each.platform.architecture === platform.architecture,
  );
  const chosen =
    matching.find((each) => (each.platform?.variant ?? "") === platform.variant) ??
    matching[0] ??
    (candidates.length === 1 && candidates[0]?.platform === undefined ? candidates[0] : undefined);
  if (chosen !== undefined) return chosen;
  const offered = candidates.map(({ platform: p }) =>
    p === undefined ? "unknown" : `${p.os}/${p.architecture}`,
  );
  throw new InvalidImageError(
    `the image is not made for ${platform.os}/${platform.architecture} but for ${offered.join(", ") || "nothing"}`,
  );
}

export function parseManifest(bytes: Uint8Array): Manifest {
  return parse(manifestSchema, "manifest", bytes);
}

export interface ParsedConfig {
  readonly diffIds: readonly string[];
  readonly settings: Pick<ImageConfig, "entrypoint" | "cmd" | "env" | "user" | "workingDir" | "stopSignal">;
}

export function parseConfig(bytes: Uint8Array): ParsedConfig {
  const { rootfs, config } = parse(configSchema, "configuration", bytes);
  if (rootfs.diff_ids.length === 0) throw new InvalidImageError("the image has no layers");
  const env = (config?.Env ?? []).map((entry): [string, string] => {
    const at = entry.indexOf("=");
    return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
  });
  return {
    diffIds: rootfs.diff_ids,
    settings: {
      entrypoint: config?.Entrypoint ?? [],
      cmd: config?.Cmd ?? [],
      env: Object.fromEntries(env.filter(([name]) => name !== "")),
      user: config?.User ?? "",
      workingDir: config?.WorkingDir ?? "",
      ...(config?.StopSignal ? { stopSignal: config.StopSignal } : {}),
    },
  };
}

/** The names of the snapshots of each layer upon those below it (OCI image-spec, config.md, "Layer ChainID"). */
export function chainIds(diffIds: readonly string[]): string[] {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(
      below === undefined
        ? diffId
        : `sha256:${createHash("sha256").update(`${below} ${diffId}`).digest("hex")}`,
    );
  }
  return chain;
}

/** The labels by which containerd's garbage collector finds what a blob refers to (docs/garbage-collection.md there). */
export function childLabels(children: readonly Descriptor[]): Record<string, string> {
  const labels: Record<string, string> = {};
  let [manifests, layers] = [0, 0];
  for (const child of children) {
    if (isManifest(child.mediaType) || isIndex(child.mediaType)) {
      labels[`containerd.io/gc.ref.content.m.${manifests++}`] = child.digest;
    } else if (/config|container\.image/.test(child.mediaType)) {
      labels["containerd.io/gc.ref.content.config"] = child.digest;
    } else {
      labels[`containerd.io/gc.ref.content.l.${layers++}`] = child.digest;
    }
  }
  return labels;
}
