import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Authority, alternativeName, distinguishedName } from "./certificates.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "certificates-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

test("a subject lists its organizations, and escapes what has a meaning", () => {
  expect(distinguishedName({ commonName: "a,b", organizations: ["system:nodes", "x=y"] })).toBe(
    "O=system:nodes, O=x\\=y, CN=a\\,b",
  );
});

test.each([
  ["10.0.0.1", "ip"],
  ["fd00::1", "ip"],
  ["node1", "dns"],
  ["10.example.org", "dns"],
])("%s is of kind %s", (name, type) => {
  expect(alternativeName(name)).toEqual({ type, value: name });
});

test("a server's certificate is the authority's, for its names, and kept", async () => {
  const authority = await Authority.open(dir);
  const subject = { commonName: "server", organizations: ["g"], names: ["node1", "10.0.0.1"] };
  const paths = await authority.issueFile("server", subject);
  const certificate = new X509Certificate(readFileSync(paths.certificate));
  expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
  expect(certificate.checkHost("node1")).toBe("node1");
  expect(certificate.checkIP("10.0.0.1")).toBe("10.0.0.1");
  expect(certificate.checkHost("node2")).toBeUndefined();

  const again = await Authority.open(dir);
  expect(again.certificate).toBe(authority.certificate);
  await again.issueFile("server", subject);
  expect(new X509Certificate(readFileSync(paths.certificate)).serialNumber).toBe(certificate.serialNumber);
});
