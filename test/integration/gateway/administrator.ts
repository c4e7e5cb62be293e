import type { IncomingMessage } from "node:http";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { secrets } from "../../../src/cluster/core.ts";
import { decode, encode } from "../../../src/wire/codec.ts";
import {
  Call_Type,
  CallSchema,
  type Event,
  EventSchema,
  type Response,
  ResponseSchema,
} from "../../../src/wire/gen/mesos/v1/master/master_pb.ts";
import { type Encoding, MEDIA_TYPE } from "../../../src/wire/media.ts";
import { RecordDecoder } from "../../../src/wire/recordio.ts";
import { SYSTEM } from "../bareCluster.ts";
import type { TestCluster } from "../offers/cluster.ts";
import { type Answered, ask, askBytes, open } from "./client.ts";

const RBAC = "rbac.authorization.k8s.io";

/** Makes a principal that may do this, all over the cluster; the header with which it shows itself. */
export async function principal(
  cluster: TestCluster,
  name: string,
  rules: readonly object[] = [{ apiGroups: ["mesos.dev"], resources: ["*"], verbs: ["*"] }],
): Promise<Record<string, string>> {
  await secrets(cluster.connection).create({
    metadata: { name, namespace: SYSTEM, labels: { "mesos.dev/credential": "true" } },
    type: "kubernetes.io/basic-auth",
    stringData: { username: name, password: "s3cret" },
  });
  const post = (plural: string, body: object) =>
    cluster.connection.call({
      method: "POST",
      path: `/apis/${RBAC}/v1/${plural}`,
      body: { apiVersion: `${RBAC}/v1`, ...body },
    });
  await post("clusterroles", { kind: "ClusterRole", metadata: { name }, rules });
  await post("clusterrolebindings", {
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name },
    subjects: [{ kind: "User", apiGroup: RBAC, name: `mesos.dev:principal:${name}` }],
  });
  return { Authorization: `Basic ${Buffer.from(`${name}:s3cret`).toString("base64")}` };
}

export type CallInit = MessageInitShape<typeof CallSchema>;

export interface Watch {
  readonly response: IncomingMessage;
  readonly events: readonly Event[];
}

/** Somebody who runs a cluster by the Mesos API. */
export class Administrator {
  readonly #port: number;
  readonly #headers: Record<string, string>;

  constructor(port: number, headers: Record<string, string>) {
    this.#port = port;
    this.#headers = headers;
  }

  /** What a call that reads is answered with. */
  async read(call: CallInit, encoding: Encoding = "json"): Promise<Response> {
    const { status, bytes } = await askBytes(this.#port, this.#asked(call, encoding));
    if (status !== 200) throw new Error(`answered with ${status}: ${bytes.toString()}`);
    return decode(encoding, ResponseSchema, bytes, "Response");
  }

  call(call: CallInit, encoding: Encoding = "json"): Promise<Answered> {
    return ask(this.#port, this.#asked(call, encoding));
  }

  /** A path of v0. */
  get(path: string, headers: Record<string, string> = {}): Promise<Answered> {
    return ask(this.#port, { method: "GET", path, headers: { ...this.#headers, ...headers } });
  }

  async json<T>(path: string): Promise<T> {
    const { status, body } = await this.get(path);
    if (status !== 200) throw new Error(`${path} is answered with ${status}: ${body}`);
    return JSON.parse(body) as T;
  }

  send(method: string, path: string, body: string, contentType = "application/json"): Promise<Answered> {
    return ask(this.#port, {
      method,
      path,
      body,
      headers: { ...this.#headers, "Content-Type": contentType },
    });
  }

  /** SUBSCRIBE: the events, as they come. */
  async watch(encoding: Encoding): Promise<Watch> {
    const response = await open(this.#port, this.#asked({ type: Call_Type.SUBSCRIBE }, encoding));
    const events: Event[] = [];
    const decoder = new RecordDecoder();
    response.on("data", (chunk: Buffer) => {
      for (const record of decoder.decode(chunk)) events.push(decode(encoding, EventSchema, record, "Event"));
    });
    return { response, events };
  }

  #asked(call: CallInit, encoding: Encoding) {
    return {
      path: "/api/v1",
      headers: {
        "Content-Type": MEDIA_TYPE[encoding],
        Accept: MEDIA_TYPE[encoding],
        ...this.#headers,
      },
      body: encode(encoding, CallSchema, create(CallSchema, call)),
    };
  }
}
