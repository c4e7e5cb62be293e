import { readFileSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import type { Authority, Subject } from "./certificates.ts";

/** What a client needs in order to speak to an API server as one user. */
export interface Access {
  /** `https://host:port` */
  readonly server: string;
  /** PEM */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** A kubeconfig with one cluster, one user and one context, all of that name. */
export function kubeconfig(name: string, access: Access): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": name,
      clusters: [
        { name, cluster: { server: access.server, "certificate-authority-data": base64(access.authority) } },
      ],
      users: [
        {
          name,
          user: {
            "client-certificate-data": base64(access.certificate),
            "client-key-data": base64(access.key),
          },
        },
      ],
      contexts: [{ name, context: { cluster: name, user: name } }],
    },
    { lineWidth: 0 },
  );
}

/** Writes a kubeconfig for `subject`, readable by its owner only. */
export async function writeKubeconfig(
  path: string,
  name: string,
  server: string,
  authority: Authority,
  file: string,
  subject: Subject,
): Promise<void> {
  const pair = await authority.issueFile(file, subject);
  const access: Access = {
    server,
    authority: authority.certificate,
    certificate: readFileSync(pair.certificate, "utf8"),
    key: readFileSync(pair.key, "utf8"),
  };
  writeFileSync(path, kubeconfig(name, access), { mode: 0o600 });
}
