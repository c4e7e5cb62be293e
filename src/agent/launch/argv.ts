import type { Command } from "../../api/container.ts";

/**
 * The argv of a command: `/bin/sh -c` and the line; or the program with its arguments, whose first one, argv[0], is the
 * program's path here, for OCI runtimes know no other (Mesos: CommandInfo in mesos.proto). Undefined when it says nothing.
 */
export function argvOf(command: Command): readonly string[] | undefined {
  if (command.value === undefined) return undefined;
  if (command.shell) return ["/bin/sh", "-c", command.value];
  return [command.value, ...(command.arguments ?? []).slice(1)];
}
