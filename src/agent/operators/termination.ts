import { constants } from "node:os";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Call_Type, Response_Type, type ResponseSchema } from "../../wire/gen/mesos/v1/agent/agent_pb.ts";

const SIGNALS = new Set<number>(Object.values(constants.signals));
/** Shells and runtimes report a process ended by signal n as 128 + n. */
const SIGNAL_BASE = 128;

/** As wait(2) has it, which is what Mesos tells: the exit code in the second byte, or the signal in the first. Undefined: it is not known. */
export function waitStatus(code: number): number | undefined {
  if (code < 0) return undefined;
  const signal = code - SIGNAL_BASE;
  return SIGNALS.has(signal) ? signal : code << 8;
}

/** The answer to WAIT_CONTAINER, or to its older name. */
export function termination(type: Call_Type, code: number): MessageInitShape<typeof ResponseSchema> {
  const exitStatus = waitStatus(code);
  const told = exitStatus === undefined ? {} : { exitStatus };
  return type === Call_Type.WAIT_NESTED_CONTAINER
    ? { type: Response_Type.WAIT_NESTED_CONTAINER, waitNestedContainer: told }
    : { type: Response_Type.WAIT_CONTAINER, waitContainer: told };
}
