import type { Clock } from "./time.ts";

export interface ConnectionOptions {
  /** Path of a kubeconfig; else $KUBECONFIG, ~/.kube/config, then the Pod's service account. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Sent as User-Agent; also seen in the audit log and in managedFields. */
  readonly userAgent: string;
  /** Requests a second that this client allows itself (50), and how many at once (100). */
  readonly qps?: number;
  readonly burst?: number;
  /** Deadline of a call in ms, retries included (30 000). */
  readonly timeout?: number;
  readonly clock?: Clock;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; overrides the connection's. */
  readonly timeout?: number;
}

/** A client of one API server: authentication, TLS, keep-alive, deadlines, rate limit. */
export declare class Connection {
  static load(options: ConnectionOptions): Connection;
  /** Namespace of the kubeconfig's context or of the Pod. */
  readonly namespace: string;
  /** Closes idle sockets and ends open watches. */
  close(): void;
}
