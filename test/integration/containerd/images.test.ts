import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Image, image as imageOf, layer } from "../../../hack/devcluster/ociimage.ts";
import type { ContainerRuntime } from "../../../src/agent/containerizer/open.ts";
import {
  type DockerConfig,
  ImageNotPresentError,
  ImagePullError,
  InvalidImageError,
} from "../../../src/agent/provisioner/provisioner.ts";
import { busyboxImage, PrivateContainerd } from "./privateContainerd.ts";
import { PASSWORD, Registry, USER } from "./registry.ts";
import { shellTask } from "./taskSpec.ts";

let containerd: PrivateContainerd;
let runtime: ContainerRuntime;
let open: Registry;
let secured: Registry;
let busybox: Image;

beforeAll(async () => {
  containerd = await PrivateContainerd.start({ cri: true });
  [open, secured, busybox] = await Promise.all([
    Registry.start(containerd, { secured: false }),
    Registry.start(containerd, { secured: true }),
    busyboxImage(),
  ]);
  plainHttp("registry.example", secured.host);
  // containerd 2 tries plain http on the loopback interface by itself, 1.7 does not.
  plainHttp(secured.host, secured.host);
  plainHttp(open.host, open.host);
  runtime = await containerd.client({ registryConfigDir: containerd.certs });
  await Promise.all([open.push("team/app", "v1", busybox), secured.push("team/private", "v1", busybox)]);
});
afterAll(async () => {
  await open?.stop();
  await secured?.stop();
  await containerd?.stop();
});

/** What an administrator writes so that containerd reaches the registry `name` at `host` without TLS. */
function plainHttp(name: string, host: string): void {
  mkdirSync(join(containerd.certs, name), { recursive: true });
  const text = `server = "http://${host}"\n[host."http://${host}"]\n  capabilities = ["pull", "resolve"]\n`;
  writeFileSync(join(containerd.certs, name, "hosts.toml"), text);
}

const credentials = (host: string, password = PASSWORD): DockerConfig[] => [
  { auths: { [host]: { username: USER, password } } },
];

/** The failure's class and whether another try may help. */
async function failure(pull: Promise<unknown>) {
  const error = await pull.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof ImagePullError)) throw new Error("no ImagePullError", { cause: error });
  return { message: error.message, retryable: error.retryable };
}

describe("a registry without credentials", () => {
  test("gives an image that runs", async () => {
    const reference = `${open.host}/team/app:v1`;
    const image = await runtime.provisioner.pull(reference, { policy: "IfNotPresent" });
    expect(image).toMatchObject({
      name: reference,
      digest: busybox.manifest.digest,
      entrypoint: ["/bin/echo"],
      cmd: ["hello from the image"],
      env: { FROM_IMAGE: "yes", PATH: "/bin" },
      workingDir: "/tmp",
      user: "",
    });
    const spec = shellTask(containerd, "echo pulled");
    await runtime.containerizer.launch(spec, image);
    await runtime.containerizer.wait(spec.id);
    expect(containerd.output(spec.id)).toBe("pulled\n");
    await runtime.containerizer.remove(spec.id);
    expect(await containerd.ctr("-n", "mesos", "leases", "ls", "-q")).toBe("");
  });

  test("many who ask at once get the same", async () => {
    await open.push("team/many", "v1", busybox);
    const reference = `${open.host}/team/many:v1`;
    const pulls = Array.from({ length: 20 }, () =>
      runtime.provisioner.pull(reference, { policy: "IfNotPresent" }),
    );
    expect(new Set((await Promise.all(pulls)).map(({ chainId }) => chainId)).size).toBe(1);
  });

  test("is asked again for Always and not for IfNotPresent", async () => {
    const reference = `${open.host}/team/moving:latest`;
    await open.push("team/moving", "latest", busybox);
    await runtime.provisioner.pull(reference, { policy: "Always" });
    const changed = imageOf([await layer([{ path: "new", content: "new" }])], { Cmd: ["/new"] });
    await open.push("team/moving", "latest", changed);
    const present = await runtime.provisioner.pull(reference, { policy: "IfNotPresent" });
    expect(present.digest).toBe(busybox.manifest.digest);
    const always = await runtime.provisioner.pull(reference, { policy: "Always" });
    expect(always).toMatchObject({ digest: changed.manifest.digest, cmd: ["/new"] });
  });

  test("says that it has no such image, for good", async () => {
    const pull = runtime.provisioner.pull(`${open.host}/team/none:v1`, { policy: "IfNotPresent" });
    expect(await failure(pull)).toMatchObject({
      retryable: false,
      message: expect.stringContaining("not found"),
    });
  });

  test("that does not answer may answer later", async () => {
    const gone = await Registry.start(containerd, { secured: false });
    plainHttp(gone.host, gone.host);
    await gone.stop();
    const pull = runtime.provisioner.pull(`${gone.host}/team/app:v1`, { policy: "IfNotPresent" });
    expect(await failure(pull)).toMatchObject({
      retryable: true,
      message: expect.stringContaining("refused"),
    });
  });
});

describe("a registry with credentials", () => {
  const pull = (reference: string, each: DockerConfig[] = []) =>
    runtime.provisioner.pull(reference, { policy: "Always", credentials: each });

  test("gives the image to those who have them", async () => {
    const image = await pull(`${secured.host}/team/private:v1`, credentials(secured.host));
    expect(image.digest).toBe(busybox.manifest.digest);
  });

  test("refuses those without, with wrong ones, and with another registry's", async () => {
    const reference = `${secured.host}/team/private:v1`;
    for (const each of [[], credentials(secured.host, "wrong"), credentials("other.example")]) {
      expect(await failure(pull(reference, each))).toMatchObject({ retryable: false });
    }
    const wrong = await failure(pull(reference, credentials(secured.host, "wrong")));
    expect(wrong.message).not.toContain("wrong");
  });

  test("is found by the node's hosts folder, and gets the credentials of its own name", async () => {
    const image = await pull("registry.example/team/private:v1", credentials(secured.host));
    expect(image).toMatchObject({
      name: "registry.example/team/private:v1",
      digest: busybox.manifest.digest,
    });
  });
});

describe("the CRI", () => {
  test("pulls as the kubelet does, and the image is taken over", async () => {
    const byCri = await containerd.client({ pullBy: "cri" });
    const reference = `${secured.host}/team/by-cri:v1`;
    await secured.push("team/by-cri", "v1", busybox);
    const options = { policy: "IfNotPresent", credentials: credentials(secured.host) } as const;
    const image = await byCri.provisioner.pull(reference, options);
    expect(image).toMatchObject({ name: reference, digest: busybox.manifest.digest });
    expect(await containerd.ctr("-n", "mesos", "images", "ls", "-q")).toContain(reference);
    const spec = shellTask(containerd, "echo by cri");
    await byCri.containerizer.launch(spec, image);
    await byCri.containerizer.wait(spec.id);
    expect(containerd.output(spec.id)).toBe("by cri\n");
    await byCri.containerizer.remove(spec.id);
  });

  test("tells failures alike", async () => {
    const { provisioner } = await containerd.client({ pullBy: "cri" });
    const missing = provisioner.pull(`${open.host}/team/none:v1`, { policy: "Always" });
    expect(await failure(missing)).toMatchObject({ retryable: false });
    const denied = provisioner.pull(`${secured.host}/team/private:v1`, {
      policy: "Always",
      credentials: credentials(secured.host, "wrong"),
    });
    const { retryable, message } = await failure(denied);
    expect(retryable).toBe(false);
    expect(message).not.toContain("wrong");
  });
});

describe("an image of the kubelet's", () => {
  test("is taken over without a pull, and outlives its removal there", async () => {
    const name = "nowhere.example/local/app:v1";
    await containerd.importBusybox("k8s.io", name);
    await expect(runtime.provisioner.pull(name, { policy: "Always" })).rejects.toBeInstanceOf(ImagePullError);
    const image = await runtime.provisioner.pull(name, { policy: "Never" });
    await containerd.ctr("-n", "k8s.io", "images", "rm", "--sync", name);
    const spec = shellTask(containerd, "cat /etc/image");
    await runtime.containerizer.launch(spec, image);
    await runtime.containerizer.wait(spec.id);
    expect(containerd.output(spec.id)).toBe(name);
    await runtime.containerizer.remove(spec.id);
    expect((await runtime.provisioner.pull(name, { policy: "Never" })).chainId).toBe(image.chainId);
  });

  test("that is not there is said to be missing", async () => {
    const pull = runtime.provisioner.pull("nowhere.example/none:v1", { policy: "Never" });
    await expect(pull).rejects.toBeInstanceOf(ImageNotPresentError);
  });
});

test("an image for another machine is refused", async () => {
  const foreign = imageOf([await layer([{ path: "x", content: "x" }])], {});
  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        {
          mediaType: foreign.manifest.mediaType,
          digest: foreign.manifest.digest,
          size: foreign.manifest.size,
          platform: { os: "plan9", architecture: "mips" },
        },
      ],
    }),
  );
  const manifest = {
    ...foreign.manifest,
    mediaType: "application/vnd.oci.image.index.v1+json",
    content: index,
  };
  await open.push("team/foreign", "inner", foreign);
  await open.push("team/foreign", "v1", { ...foreign, layers: [], manifest });
  const pull = runtime.provisioner.pull(`${open.host}/team/foreign:v1`, { policy: "IfNotPresent" });
  const error = await pull.catch((caught: unknown) => caught);
  expect(error instanceof InvalidImageError || (error instanceof ImagePullError && !error.retryable)).toBe(
    true,
  );
});

test("garbage collection takes what nobody uses", async () => {
  const reference = `${open.host}/team/garbage:v1`;
  await open.push("team/garbage", "v1", busybox);
  const image = await runtime.provisioner.pull(reference, { policy: "IfNotPresent" });
  const spec = shellTask(containerd, "sleep 1000");
  await runtime.containerizer.launch(spec, image);
  expect(await runtime.provisioner.collectGarbage({ unusedForMs: 60_000 })).toEqual([]);
  const keep = `${open.host}/team/app:v1`;
  const removed = await runtime.provisioner.collectGarbage({ unusedForMs: -1, keep: new Set([keep]) });
  expect(removed).toContain(`${open.host}/team/many:v1`);
  expect(removed).not.toContain(keep);
  expect(removed).not.toContain(reference);
  await runtime.containerizer.remove(spec.id);
  expect(await runtime.provisioner.collectGarbage({ unusedForMs: -1, keep: new Set([keep]) })).toEqual([
    reference,
  ]);
});
