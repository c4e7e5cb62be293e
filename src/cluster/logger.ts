import { type Logger as Pino, pino, stdSerializers } from "pino";
import { ApiError } from "./errors.ts";

export type Logger = Pino;

export interface LoggerOptions {
  readonly name: string;
  /** trace, debug, info (the default), warn, error, fatal or silent. */
  readonly level?: string;
  /** Takes the lines; stdout by default. */
  readonly write?: (line: string) => void;
}

const SECRET =
  /token|passw(or)?d|secret|authorization|credential|private.?key|bearer|^key-?data$|^cert-?data$|^stringdata$/i;
const REDACTED = "[redacted]";
/** Deeper values are cut: a log line is no dump. */
const DEPTH = 6;

/** JSON lines. What is named like a secret is redacted; Kubernetes objects are logged by name only, whatever they hold. Fields of a child logger are written as they are. */
export function createLogger({ name, level = "info", write }: LoggerOptions): Logger {
  const family: Family = new Set();
  const options = {
    name,
    onChild: (child: Logger) => join(family, child),
    level,
    formatters: { level: (label: string) => ({ level: label }), log: redact },
    serializers: { err: describeError },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  const logger = write ? pino(options, { write }) : pino(options);
  join(family, logger);
  return logger;
}

/** A logger with all that were made of it. */
type Family = Set<WeakRef<Logger>>;

const families = new WeakMap<Logger, Family>();
const forget = new FinalizationRegistry<() => void>((leave) => leave());

function join(family: Family, logger: Logger): void {
  const member = new WeakRef(logger);
  family.add(member);
  families.set(logger, family);
  forget.register(logger, () => family.delete(member));
}

/** Sets the level of a logger of createLogger, and of all loggers of that family: by itself pino's children keep the one that they were made with. */
export function setLogLevel(logger: Logger, level: string): void {
  logger.level = level;
  for (const member of families.get(logger) ?? []) {
    const other = member.deref();
    if (other !== undefined) other.level = level;
  }
}

/** A copy fit for a log. */
export function redact(record: Record<string, unknown>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record)) {
    // err has a serializer of its own.
    copy[name] = name === "err" ? value : clean(name, value, 0);
  }
  return copy;
}

function clean(name: string, value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null)
    return SECRET.test(name) && value !== undefined ? REDACTED : value;
  if (value instanceof Error) return describeError(value);
  if (isObjectOfKubernetes(value)) return summary(value);
  if (SECRET.test(name)) return REDACTED;
  if (value instanceof Date) return value;
  if (depth >= DEPTH) return "[deep]";
  if (Array.isArray(value)) return value.map((item) => clean("", item, depth + 1));
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  const copy: Record<string, unknown> = {};
  for (const [field, part] of Object.entries(value)) copy[field] = clean(field, part, depth + 1);
  return copy;
}

interface Named {
  readonly kind?: unknown;
  readonly metadata: {
    readonly name: unknown;
    readonly namespace?: unknown;
    readonly resourceVersion?: unknown;
  };
}

function isObjectOfKubernetes(value: object): value is Named {
  return (
    "metadata" in value &&
    typeof value.metadata === "object" &&
    value.metadata !== null &&
    "name" in value.metadata
  );
}

function summary({ kind, metadata }: Named): object {
  const { name, namespace, resourceVersion } = metadata;
  return { kind, namespace, name, resourceVersion };
}

/** Message, stack and causes, and of an ApiError its code and reason; no request or response body. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack } = stdSerializers.err(error);
  if (error instanceof ApiError) return { type, message, code: error.code, reason: error.reason };
  return { type, message, stack };
}
