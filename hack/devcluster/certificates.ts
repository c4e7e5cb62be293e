import "reflect-metadata"; // @peculiar/x509 asks for it before itself.
import { webcrypto } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto);

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const YEAR_MS = 365 * 24 * 3600 * 1000;
const HOUR_MS = 3600 * 1000;

/** A certificate and its private key, in PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** Whom a certificate names; Kubernetes reads the common name as the user, the organizations as groups. */
export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  /** DNS names and IP addresses a server answers to. Without them the certificate is for a client only. */
  readonly names?: readonly string[];
}

/** The subject in the form of RFC 4514; organizations first, as Go prints them. */
export function distinguishedName(subject: Subject): string {
  const escaped = (text: string) => text.replace(/[\\,+"<>;=#]/g, "\\$&");
  const organizations = (subject.organizations ?? []).map((name) => `O=${escaped(name)}`);
  return [...organizations, `CN=${escaped(subject.commonName)}`].join(", ");
}

/** Whether a name is an address (v4 or v6) or a DNS name, as a subject alternative name needs to know. */
export function alternativeName(name: string): { type: "ip" | "dns"; value: string } {
  return { type: /^[\d.]+$|:/.test(name) ? "ip" : "dns", value: name };
}

async function generateKey(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function pem(key: webcrypto.CryptoKey, kind: "pkcs8" | "spki"): Promise<string> {
  const label = kind === "pkcs8" ? "PRIVATE KEY" : "PUBLIC KEY";
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey(kind, key), label);
}

/** A certificate authority of a cluster's own. Files it issued before are kept: `issue` is harmless twice. */
export class Authority {
  readonly #dir: string;
  readonly #certificate: x509.X509Certificate;
  readonly #key: webcrypto.CryptoKey;

  private constructor(dir: string, certificate: x509.X509Certificate, key: webcrypto.CryptoKey) {
    this.#dir = dir;
    this.#certificate = certificate;
    this.#key = key;
  }

  /** Opens the authority kept in `dir`, or makes it. */
  static async open(dir: string): Promise<Authority> {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    if (existsSync(join(dir, "ca.crt"))) {
      const der = x509.PemConverter.decodeFirst(readFileSync(join(dir, "ca.key"), "utf8"));
      const key = await webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
      return new Authority(dir, new x509.X509Certificate(readFileSync(join(dir, "ca.crt"), "utf8")), key);
    }
    const keys = await generateKey();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: "CN=mesos-development-ca",
      notBefore: new Date(Date.now() - HOUR_MS),
      notAfter: new Date(Date.now() + YEAR_MS),
      signingAlgorithm: ALGORITHM,
      keys: keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    });
    writeFileSync(join(dir, "ca.key"), await pem(keys.privateKey, "pkcs8"), { mode: 0o600 });
    writeFileSync(join(dir, "ca.crt"), certificate.toString("pem"));
    return new Authority(dir, certificate, keys.privateKey);
  }

  get certificate(): string {
    return this.#certificate.toString("pem");
  }

  /** Path of the authority's certificate. */
  get certificateFile(): string {
    return join(this.#dir, "ca.crt");
  }

  /** Paths of a certificate for `subject`, made under `file` in this authority's folder unless it is there. */
  async issueFile(file: string, subject: Subject): Promise<KeyPair> {
    const paths = { certificate: join(this.#dir, `${file}.crt`), key: join(this.#dir, `${file}.key`) };
    if (existsSync(paths.certificate)) return paths;
    const pair = await this.issue(subject);
    writeFileSync(paths.key, pair.key, { mode: 0o600 });
    writeFileSync(paths.certificate, pair.certificate);
    return paths;
  }

  async issue(subject: Subject): Promise<KeyPair> {
    const keys = await generateKey();
    const usages: string[] = [x509.ExtendedKeyUsage.clientAuth];
    if (subject.names !== undefined) usages.push(x509.ExtendedKeyUsage.serverAuth);
    const certificate = await x509.X509CertificateGenerator.create({
      subject: distinguishedName(subject),
      issuer: this.#certificate.subject,
      notBefore: new Date(Date.now() - HOUR_MS),
      notAfter: new Date(Date.now() + YEAR_MS),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: this.#key,
      extensions: [
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
          true,
        ),
        new x509.ExtendedKeyUsageExtension(usages),
        ...(subject.names === undefined
          ? []
          : [new x509.SubjectAlternativeNameExtension(subject.names.map(alternativeName))]),
      ],
    });
    return { certificate: certificate.toString("pem"), key: await pem(keys.privateKey, "pkcs8") };
  }

  /** Paths of the key pair that signs service account tokens; apiserver and controller-manager share it. */
  async tokenKeyFiles(): Promise<{ publicKey: string; key: string }> {
    const paths = { publicKey: join(this.#dir, "token.pub"), key: join(this.#dir, "token.key") };
    if (!existsSync(paths.publicKey)) {
      const keys = await generateKey();
      writeFileSync(paths.key, await pem(keys.privateKey, "pkcs8"), { mode: 0o600 });
      writeFileSync(paths.publicKey, await pem(keys.publicKey, "spki"));
    }
    return paths;
  }
}
