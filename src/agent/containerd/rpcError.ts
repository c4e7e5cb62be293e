import { type ServiceError, status } from "@grpc/grpc-js";

/** A failed call to containerd. `code` is a gRPC status code; the message is containerd's own. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  readonly method: string;

  constructor(method: string, code: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.method = method;
  }

  static from(method: string, error: unknown): RpcError {
    if (error instanceof RpcError) return error;
    const { code, details, message } = error as Partial<ServiceError>;
    return new RpcError(method, code ?? status.UNKNOWN, details || (message ?? String(error)), error);
  }
}

function hasCode(error: unknown, ...codes: readonly number[]): boolean {
  return error instanceof RpcError && codes.includes(error.code);
}

export function isNotFound(error: unknown): boolean {
  return hasCode(error, status.NOT_FOUND);
}

export function isAlreadyExists(error: unknown): boolean {
  return hasCode(error, status.ALREADY_EXISTS);
}

/** containerd is away, restarting or stuck: says nothing of what was asked. */
export function isUnavailable(error: unknown): boolean {
  return hasCode(error, status.UNAVAILABLE, status.DEADLINE_EXCEEDED);
}

export function isCancelled(error: unknown): boolean {
  return hasCode(error, status.CANCELLED);
}

export function isUnimplemented(error: unknown): boolean {
  return hasCode(error, status.UNIMPLEMENTED);
}
