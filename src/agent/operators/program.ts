import { commandParts } from "../../convert/command.ts";
import { onlyFields, Unsupported } from "../../convert/unsupported.ts";
import {
  type CommandInfo,
  CommandInfoSchema,
  type ContainerInfo,
  ContainerInfo_Type,
  ContainerInfoSchema,
  LinuxInfoSchema,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import type { Program } from "../containerizer/session.ts";
import { argvOf } from "../launch/argv.ts";

/**
 * What a nested container runs. It shares everything with its parent, its user too, so whatever would make it another container is refused.
 * Throws Unsupported.
 */
export function programOf(
  command: CommandInfo | undefined,
  container: ContainerInfo | undefined,
  tty: "tty" | "no tty",
): Program {
  if (command === undefined) throw new Unsupported("Expecting 'command' to be present");
  onlyFields(CommandInfoSchema, command, ["shell", "value", "arguments", "environment"], "command");
  const parts = commandParts(command);
  const argv = parts.command && argvOf(parts.command);
  if (argv === undefined) throw new Unsupported("Expecting 'command.value' to be present");
  const env: Record<string, string> = {};
  for (const { name, value, secret } of parts.env ?? []) {
    if (secret !== undefined) throw new Unsupported(`The secret of variable '${name}' is not supported here`);
    if (name === "" || /[=\0]/.test(name) || value?.includes("\0")) {
      throw new Unsupported(`Environment variable ${JSON.stringify(name)} cannot be set`);
    }
    env[name] = value ?? "";
  }
  const terminal = container && terminalOf(container, tty);
  return { argv, env, ...(terminal && { terminal }) };
}

function terminalOf(container: ContainerInfo, tty: "tty" | "no tty"): Program["terminal"] {
  const carried = tty === "tty" ? ["type", "linux_info", "tty_info"] : ["type", "linux_info"];
  onlyFields(ContainerInfoSchema, container, carried, "container");
  if (container.type !== ContainerInfo_Type.MESOS) {
    throw new Unsupported("The provided ContainerInfo is not supported: type must be MESOS");
  }
  if (container.linuxInfo !== undefined) {
    onlyFields(LinuxInfoSchema, container.linuxInfo, ["share_cgroups"], "container.linux_info");
    if (!container.linuxInfo.shareCgroups) {
      throw new Unsupported("'share_cgroups' cannot be set to 'false': a nested container has its parent's");
    }
  }
  if (container.ttyInfo === undefined) return undefined;
  const { windowSize } = container.ttyInfo;
  return windowSize === undefined ? "unsized" : { rows: windowSize.rows, columns: windowSize.columns };
}
