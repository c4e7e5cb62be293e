import type { Connection } from "../containerd/connection.ts";
import { ImageService } from "../containerd/gen/cri/images_pb.ts";
import { type Credentials, credentialsFor } from "./dockerConfig.ts";
import type { PullRequest } from "./pull.ts";
import { pullError } from "./pullError.ts";

/**
 * Pulls into the kubelet's namespace by the CRI, as the kubelet does, with its settings for mirrors and TLS: the Transfer service of
 * containerd 1.7 knows none of them. The image is then taken over. Throws ImagePullError; UNIMPLEMENTED is its cause without the CRI.
 */
export async function pullByCri(
  connection: Connection,
  request: Pick<PullRequest, "reference" | "credentials" | "deadlineMs" | "signal">,
): Promise<void> {
  const { reference, deadlineMs, signal } = request;
  const auth = toAuth(credentialsFor(request.credentials, reference), reference.domain);
  try {
    await connection.unary(
      ImageService.method.pullImage,
      { image: { image: reference.name }, ...(auth === undefined ? {} : { auth }) },
      { deadlineMs, signal },
    );
  } catch (error) {
    throw pullError(reference, error);
  }
}

/** The address keeps containerd from sending the credentials to another host that it is led to. */
function toAuth(credentials: Credentials | undefined, host: string) {
  if (credentials === undefined) return undefined;
  return credentials.kind === "refresh"
    ? { identityToken: credentials.token, serverAddress: `https://${host}` }
    : { username: credentials.username, password: credentials.password, serverAddress: `https://${host}` };
}
