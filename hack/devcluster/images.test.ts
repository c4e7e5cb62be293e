import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readArchive } from "./archive.ts";
import { fullName, image, type LayerEntry, layer, writeArchive } from "./ociimage.ts";
import { parseLdd } from "./systemlayers.ts";

const ENTRIES: LayerEntry[] = [
  { path: "bin", directory: true },
  { path: "bin/tool", content: "#!/bin/sh\n", mode: 0o755 },
  { path: "bin/other", link: "tool" },
];

test("the same content gives the same image, another gives another", async () => {
  const [first, second] = await Promise.all([layer(ENTRIES), layer(ENTRIES)]);
  const changed = await layer([...ENTRIES, { path: "x", content: "y" }]);
  expect(image([first], {}).manifest.digest).toBe(image([second], {}).manifest.digest);
  expect(image([first], {}).manifest.digest).not.toBe(image([changed], {}).manifest.digest);
  expect(image([first], {}).manifest.digest).not.toBe(image([first], { User: "1" }).manifest.digest);
});

test("an archive is read as it was written", async () => {
  const dir = mkdtempSync(join(tmpdir(), "images-"));
  try {
    const written = image([await layer(ENTRIES)], { Cmd: ["/bin/tool"] });
    await writeArchive(join(dir, "a.tar"), written, ["tool:dev", "tool:dev-1"]);
    expect(await readArchive(join(dir, "a.tar"))).toEqual(written);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test.each([
  ["tool:dev", "docker.io/library/tool:dev"],
  ["me/tool:dev", "docker.io/me/tool:dev"],
  ["localhost/tool:dev", "localhost/tool:dev"],
  ["10.0.0.1:5000/tool:dev", "10.0.0.1:5000/tool:dev"],
])("containerd knows %s as %s", (name, full) => {
  expect(fullName(name)).toBe(full);
});

test("parseLdd takes the libraries and the loader, not the kernel's", () => {
  const output = [
    "\tlinux-vdso.so.1 (0x00007f8d3cf7d000)",
    "\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f8d3ce87000)",
    "\t/lib64/ld-linux-x86-64.so.2 (0x00007f8d3cf7f000)",
  ].join("\n");
  expect(parseLdd(output)).toEqual(["/lib/x86_64-linux-gnu/libm.so.6", "/lib64/ld-linux-x86-64.so.2"]);
});
