import { constants } from "node:os";
import type { ExitStatus } from "../containerizer/containerizer.ts";

/** What strsignal(3) calls the signals that end processes: the words of Mesos's messages (src/common/status_utils.hpp). */
const WORDS: Readonly<Record<string, string>> = {
  SIGHUP: "Hangup",
  SIGINT: "Interrupt",
  SIGQUIT: "Quit",
  SIGILL: "Illegal instruction",
  SIGTRAP: "Trace/breakpoint trap",
  SIGABRT: "Aborted",
  SIGBUS: "Bus error",
  SIGFPE: "Floating point exception",
  SIGKILL: "Killed",
  SIGUSR1: "User defined signal 1",
  SIGSEGV: "Segmentation fault",
  SIGUSR2: "User defined signal 2",
  SIGPIPE: "Broken pipe",
  SIGALRM: "Alarm clock",
  SIGTERM: "Terminated",
  SIGXCPU: "CPU time limit exceeded",
  SIGXFSZ: "File size limit exceeded",
  SIGSYS: "Bad system call",
};

/** What shells, and the tasks' init, mean by these. */
const CODES: Readonly<Record<number, string>> = {
  126: ": a program could not be executed",
  127: ": a program was not found",
};

export function describeExit({ code, signal }: Pick<ExitStatus, "code" | "signal">): string {
  if (signal === undefined) return `exited with status ${code}${CODES[code] ?? ""}`;
  return `terminated with signal ${WORDS[signal] ?? signal}`;
}

/** Linux's number of a signal's name. */
export function signalNumber(name: string): number | undefined {
  return (constants.signals as Readonly<Record<string, number>>)[name];
}
