import type { Containerizer } from "../containerizer/containerizer.ts";
import { RuntimeUnavailableError } from "../containerizer/errors.ts";
import { InconclusiveError, type Probe, ProbeError } from "./probe.ts";

/** Runs `argv` in the task's container; the containerizer ends it after `timeoutMs`. */
export function commandProbe(
  containerizer: Pick<Containerizer, "exec">,
  id: string,
  argv: readonly string[],
  timeoutMs: number,
): Probe {
  return async (signal) => {
    let result: Awaited<ReturnType<Containerizer["exec"]>>;
    try {
      result = await containerizer.exec(id, argv, {}, { timeoutMs, maxOutputBytes: 1024, signal });
    } catch (cause) {
      if (cause instanceof RuntimeUnavailableError) {
        throw new InconclusiveError("containerd does not answer", { cause });
      }
      throw new ProbeError(cause instanceof Error ? cause.message : String(cause), { cause });
    }
    if (result.timedOut) throw new ProbeError(`the command took longer than ${timeoutMs} ms`);
    return { exitCode: result.code };
  };
}
