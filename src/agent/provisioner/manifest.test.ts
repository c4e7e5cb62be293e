import { describe, expect, test } from "vitest";
import { chainIds, childLabels, parseConfig, parseManifest, platformOf, selectManifest } from "./manifest.ts";
import { InvalidImageError } from "./provisioner.ts";

const OCI = "application/vnd.oci.image";
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const entry = (letter: string, architecture?: string, variant?: string) => ({
  mediaType: `${OCI}.manifest.v1+json`,
  digest: digest(letter),
  size: 1,
  ...(architecture === undefined
    ? {}
    : { platform: { os: "linux", architecture, ...(variant === undefined ? {} : { variant }) } }),
});

describe("selectManifest", () => {
  const select = (arch: string, ...manifests: unknown[]) =>
    selectManifest(bytes({ manifests }), platformOf(arch)).digest;

  test("takes the one for the machine", () => {
    expect(select("x64", entry("a", "arm64"), entry("b", "amd64"))).toBe(digest("b"));
    expect(select("arm64", entry("a", "arm64", "v8"), entry("b", "amd64"))).toBe(digest("a"));
    expect(select("arm", entry("a", "arm", "v6"), entry("b", "arm", "v7"))).toBe(digest("b"));
    expect(select("ppc64", entry("a", "ppc64le"))).toBe(digest("a"));
  });

  test("takes one without a platform only if it is the only one", () => {
    expect(select("x64", entry("a"))).toBe(digest("a"));
    expect(() => select("x64", entry("a"), entry("b"))).toThrow(InvalidImageError);
  });

  test("says what there is instead", () => {
    expect(() => select("x64", entry("a", "arm64"), entry("b", "s390x"))).toThrow(
      "linux/amd64 but for linux/arm64, linux/s390x",
    );
  });
});

test("a configuration is read with what it leaves out", () => {
  const rootfs = { type: "layers", diff_ids: [digest("a")] };
  expect(parseConfig(bytes({ rootfs })).settings).toEqual({
    entrypoint: [],
    cmd: [],
    env: {},
    user: "",
    workingDir: "",
  });
  const config = {
    Entrypoint: null,
    Cmd: ["x"],
    Env: ["A=1=2", "B"],
    User: "u",
    WorkingDir: "/w",
    StopSignal: "SIGQUIT",
  };
  expect(parseConfig(bytes({ rootfs, config })).settings).toEqual({
    entrypoint: [],
    cmd: ["x"],
    env: { A: "1=2", B: "" },
    user: "u",
    workingDir: "/w",
    stopSignal: "SIGQUIT",
  });
  expect(() => parseConfig(bytes({ rootfs: { diff_ids: [] } }))).toThrow("no layers");
  expect(() => parseConfig(new TextEncoder().encode("{"))).toThrow(InvalidImageError);
  expect(() => parseManifest(bytes({ config: entry("a") }))).toThrow(InvalidImageError);
});

test("chain ids are those of the OCI specification", () => {
  // sha256 of "sha256:aaa… sha256:bbb…", by sha256sum(1).
  expect(chainIds([digest("a"), digest("b")])).toEqual([
    digest("a"),
    "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c",
  ]);
});

test("children are labelled so that containerd keeps them", () => {
  const layer = (letter: string) => ({
    mediaType: `${OCI}.layer.v1.tar+gzip`,
    digest: digest(letter),
    size: 1,
  });
  const config = { mediaType: `${OCI}.config.v1+json`, digest: digest("c"), size: 1 };
  expect(childLabels([config, layer("a"), layer("b")])).toEqual({
    "containerd.io/gc.ref.content.config": digest("c"),
    "containerd.io/gc.ref.content.l.0": digest("a"),
    "containerd.io/gc.ref.content.l.1": digest("b"),
  });
  expect(childLabels([entry("m")])).toEqual({ "containerd.io/gc.ref.content.m.0": digest("m") });
  const docker = {
    mediaType: "application/vnd.docker.container.image.v1+json",
    digest: digest("d"),
    size: 1,
  };
  expect(childLabels([docker])).toEqual({ "containerd.io/gc.ref.content.config": digest("d") });
});
