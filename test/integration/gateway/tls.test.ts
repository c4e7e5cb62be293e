import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Authority, type KeyPair } from "../../../hack/devcluster/certificates.ts";
import { type RunningGateway, Scene } from "./scene.ts";

describe("a gateway with a certificate", () => {
  let scene: Scene;
  let leader: RunningGateway;
  let follower: RunningGateway;
  let files: KeyPair;
  let ca: string;
  const dir = mkdtempSync(join(tmpdir(), "mesos-gateway-tls-"));

  beforeAll(async () => {
    scene = await Scene.start();
    const authority = await Authority.open(dir);
    ca = authority.certificate;
    files = await authority.issueFile("gateway", { commonName: "gateway", names: ["gateway.test"] });
    const namespace = await scene.cluster.namespace("tls");
    const tls = { cert: files.certificate, key: files.key };
    leader = await scene.gateway(namespace, { tls });
    await scene.cluster.eventually(() => expect(leader.operator.operator.leading).toBe(true));
    follower = await scene.gateway(namespace, { tls, followers: "Proxy" });
  });
  afterAll(async () => {
    await scene.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const ask = (port: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { "Content-Type": "application/json" };
      const options = { host: "127.0.0.1", port, path: "/api/v1/scheduler", method: "POST", headers };
      const sent = request({ ...options, ca, servername: "gateway.test" }, async (response) => {
        let body = `${response.statusCode} `;
        for await (const chunk of response) body += chunk;
        resolve(body);
      });
      sent.on("error", reject);
      sent.end('{"type":"KILL"}');
    });
  const refused = "400 Failed to validate scheduler::Call: Expecting 'framework_id' to be present";

  it("answers by TLS alone", async () => {
    expect(readFileSync(files.certificate, "utf8")).toContain("BEGIN CERTIFICATE");
    await scene.cluster.eventually(async () => expect(await ask(leader.port)).toBe(refused));
    await expect(fetch(`http://127.0.0.1:${leader.port}/api/v1/scheduler`)).rejects.toThrow();
  });

  it("is trusted by the replicas that have the same one", async () => {
    await scene.cluster.eventually(async () => expect(await ask(follower.port)).toBe(refused));
  });
});
