/** The Status object with which the API server refuses a request (meta/v1 Status). */
export interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly code?: number;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly {
      readonly reason?: string;
      readonly message?: string;
      readonly field?: string;
    }[];
  };
  readonly metadata?: { readonly continue?: string };
}

/** The API server answered, and the answer was no. `request` is its method and path. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;
  /** Kubernetes' word for it (StatusReason): NotFound, Conflict, Invalid, Expired, … or "". */
  readonly reason: string;
  readonly request: string;
  readonly status: Status;
  /** Milliseconds the server asked to wait, when it did. */
  readonly retryAfter: number | undefined;

  constructor(request: string, code: number, status: Status, retryAfter?: number) {
    super(`${request}: ${status.message ?? `HTTP status ${code}`}`);
    this.code = code;
    this.reason = status.reason ?? "";
    this.request = request;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * No answer came: refused, reset, cut or late. A write may or may not have been done. The message
 * names the request; the cause is the socket's error.
 */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly request: string;

  constructor(request: string, cause: unknown) {
    super(`${request}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.request = request;
  }
}

/** The call's own deadline passed. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";

  constructor(what: string, milliseconds: number) {
    super(`${what}: no end within ${milliseconds} ms`);
  }
}

const apiError = (error: unknown, code: number, reason?: string): error is ApiError =>
  error instanceof ApiError && error.code === code && (reason === undefined || error.reason === reason);

/** A write with the uid of an object that was replaced is called Invalid by the API server, though nothing is wrong with it. */
const isAnothersUid = (error: unknown): error is ApiError =>
  apiError(error, 422) && (error.status.details?.causes ?? []).some(({ field }) => field === "metadata.uid");

export const isNotFound = (error: unknown): error is ApiError => apiError(error, 404);
/** The resourceVersion, uid or field ownership that the write relied on has changed. */
export const isConflict = (error: unknown): error is ApiError =>
  (apiError(error, 409) && error.reason !== "AlreadyExists") || isAnothersUid(error);
export const isAlreadyExists = (error: unknown): error is ApiError => apiError(error, 409, "AlreadyExists");
export const isInvalid = (error: unknown): error is ApiError => apiError(error, 422) && !isAnothersUid(error);
export const isForbidden = (error: unknown): error is ApiError => apiError(error, 403);
export const isUnauthorized = (error: unknown): error is ApiError => apiError(error, 401);
/** 429: the API server's own throttling, or an eviction that a disruption budget forbids. */
export const isTooManyRequests = (error: unknown): error is ApiError => apiError(error, 429);
/** What passes: no answer, a late one, or a server that cannot now. What it said no to for good is not among them. */
export const isTransient = (error: unknown): boolean =>
  error instanceof ConnectionError ||
  error instanceof DeadlineError ||
  (error instanceof ApiError && (error.code >= 500 || isTooManyRequests(error)));
/** The resourceVersion or the continue token of a list or a watch is older than what etcd keeps. */
export const isExpired = (error: unknown): error is ApiError => apiError(error, 410);
