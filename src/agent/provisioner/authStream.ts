import { randomUUID } from "node:crypto";
import { packMessage, unpackMessage } from "../containerd/any.ts";
import type { Connection } from "../containerd/connection.ts";
import { StreamInitSchema, Streaming } from "../containerd/gen/containerd/streaming_pb.ts";
import {
  AuthRequestSchema,
  AuthResponseSchema,
  AuthType,
} from "../containerd/gen/containerd/transferTypes_pb.ts";
import type { Credentials } from "./dockerConfig.ts";

export interface AuthStream {
  readonly id: string;
  close(): void;
}

/**
 * Opens a stream on which containerd asks for credentials while it pulls, and answers each question. Mirrors and token servers have other
 * hosts than the image's registry, so `credentials` decides by host.
 */
export async function openAuthStream(
  connection: Connection,
  options: { readonly deadlineMs: number; readonly lease: string; readonly signal?: AbortSignal | undefined },
  credentials: (host: string) => Credentials | undefined,
): Promise<AuthStream> {
  const id = `mesos-auth-${randomUUID()}`;
  const stream = connection.duplex(Streaming.method.stream, options);
  const messages = stream[Symbol.asyncIterator]();
  stream.send(packMessage(StreamInitSchema, { id }));
  // The first message says that the stream is registered; a transfer that named it sooner would not find it.
  await messages.next();

  const answer = async () => {
    for (;;) {
      const { done, value } = await messages.next();
      if (done) return;
      const request = unpackMessage(AuthRequestSchema, value);
      if (request === undefined) continue;
      stream.send(packMessage(AuthResponseSchema, toResponse(credentials(request.host))));
    }
  };
  // An error means that the transfer is over or containerd has gone; the transfer's own call reports it.
  answer().catch(() => {});
  return {
    id,
    close: () => {
      stream.end();
      stream.cancel();
    },
  };
}

function toResponse(credentials: Credentials | undefined) {
  if (credentials === undefined) return { authType: AuthType.NONE };
  return credentials.kind === "refresh"
    ? { authType: AuthType.REFRESH, secret: credentials.token }
    : { authType: AuthType.CREDENTIALS, username: credentials.username, secret: credentials.password };
}
