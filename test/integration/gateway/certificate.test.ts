import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Authority, type KeyPair } from "../../../hack/devcluster/certificates.ts";
import { createLogger } from "../../../src/cluster/logger.ts";
import type { Clock, Timer } from "../../../src/cluster/time.ts";
import { readKeyPair, watchKeyPair } from "../../../src/http/certificate.ts";

const logger = createLogger({ name: "certificate", level: "silent" });

describe("a listener's certificate", () => {
  const dir = mkdtempSync(join(tmpdir(), "mesos-certificate-"));
  const files = { cert: join(dir, "tls.crt"), key: join(dir, "tls.key") };
  const server = createServer();
  /** Looks that are still to come; the test says when. */
  const pending = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    setTimeout: (callback): Timer => {
      pending.add(callback);
      return { cancel: () => pending.delete(callback) };
    },
  };
  const look = () => {
    const due = [...pending];
    pending.clear();
    for (const callback of due) callback();
  };
  let authority: Authority;
  let watch: Timer;
  let port: number;
  let generation = 0;

  /** As the kubelet changes a Secret's volume: the folder behind a link is another at once. */
  const write = (cert: string, key: string) => {
    generation += 1;
    const folder = join(dir, `..${generation}`);
    mkdirSync(folder);
    writeFileSync(join(folder, "tls.crt"), cert);
    writeFileSync(join(folder, "tls.key"), key);
    symlinkSync(folder, join(dir, "..data_tmp"));
    renameSync(join(dir, "..data_tmp"), join(dir, "..data"));
  };
  const issue = (commonName: string): Promise<KeyPair> =>
    authority.issue({ commonName, names: ["gateway.test"] });
  /** Whom a new connection meets. */
  const shown = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({
        host: "127.0.0.1",
        port,
        servername: "gateway.test",
        ca: authority.certificate,
      });
      socket.on("error", reject);
      socket.on("secureConnect", () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
    });

  beforeAll(async () => {
    authority = await Authority.open(join(dir, "authority"));
    const first = await issue("first");
    write(first.certificate, first.key);
    for (const name of ["tls.crt", "tls.key"]) symlinkSync(join("..data", name), join(dir, name));
    server.setSecureContext(readKeyPair(files));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
    watch = watchKeyPair(files, { clock, logger }, (pair) => server.setSecureContext(pair));
  });
  afterAll(() => {
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it("is shown anew once its files have changed", async () => {
    expect(await shown()).toBe("first");
    const second = await issue("second");
    write(second.certificate, second.key);
    expect(await shown()).toBe("first");
    look();
    expect(await shown()).toBe("second");
  });

  it("stays while the files do not fit together or are gone", async () => {
    const [one, other] = await Promise.all([issue("one"), issue("other")]);
    write(one.certificate, other.key);
    look();
    expect(await shown()).toBe("second");
    rmSync(join(dir, "..data"));
    look();
    expect(await shown()).toBe("second");
    write(one.certificate, one.key);
    look();
    expect(await shown()).toBe("one");
  });

  it("is left alone after the watch has ended", async () => {
    watch.cancel();
    expect(pending.size).toBe(0);
  });
});
