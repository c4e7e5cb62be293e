import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { Logger } from "../cluster/logger.ts";
import type { Clock, Timer } from "../cluster/time.ts";

/** Paths, or what is in them: PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Milliseconds. The kubelet takes a minute to write what has changed in a Secret. */
const EVERY = 10_000;

/** Throws what reading a file throws. */
export const readKeyPair = ({ cert, key }: KeyPair): KeyPair => ({
  cert: readFileSync(cert, "utf8"),
  key: readFileSync(key, "utf8"),
});

/**
 * Tells of each new certificate in these files, until it is cancelled. A pair that does not fit together, such as one that is half
 * written, is left alone until it does.
 */
export function watchKeyPair(
  files: KeyPair,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  changed: (pair: KeyPair) => void,
): Timer {
  let known = readKeyPair(files);
  const look = () => {
    try {
      const now = readKeyPair(files);
      if (now.cert !== known.cert || now.key !== known.key) {
        createSecureContext(now);
        changed(now);
        known = now;
        logger.info({ file: files.cert }, "the certificate has changed");
      }
    } catch (error) {
      logger.warn({ err: error, file: files.cert }, "the certificate has changed and cannot be used");
    }
    timer = clock.setTimeout(look, EVERY);
  };
  let timer = clock.setTimeout(look, EVERY);
  return { cancel: () => timer.cancel() };
}
