import type { Command, EnvVar, Uri } from "../api/container.ts";
import {
  type CommandInfo,
  type CommandInfo_URI,
  type Environment,
  type Environment_Variable,
  Environment_Variable_Type,
  type Secret,
  Secret_Type,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { Unsupported } from "./unsupported.ts";

/** What a CommandInfo comes to: this project keeps its parts apart. */
export interface CommandParts {
  readonly command?: Command;
  readonly env?: EnvVar[];
  readonly uris?: Uri[];
  readonly user?: string;
}

export function commandParts(info: CommandInfo): CommandParts {
  const { shell, value, uris, user } = info;
  const env = environment(info.environment);
  const hasProgram = value !== "" || info.arguments.length > 0;
  return {
    // Without a value the image's own entry point runs, with these arguments.
    ...((hasProgram || shell) && { command: command(info) }),
    ...(env.length > 0 && { env }),
    ...(uris.length > 0 && { uris: uris.map(uri) }),
    ...(user !== "" && { user }),
  };
}

/** The program alone, say of a check. Arguments of a shell line are ignored, as Mesos does. */
export function command({ shell, value, arguments: args }: CommandInfo): Command {
  if (shell && value === "") throw new Unsupported("Shell command is not specified");
  if (shell) return { shell, value };
  return { shell, ...(value !== "" && { value }), ...(args.length > 0 && { arguments: [...args] }) };
}

const uri = ({ value, executable, extract, cache, outputFile }: CommandInfo_URI): Uri => ({
  value,
  extract,
  executable,
  cache,
  ...(outputFile !== "" && { outputFile }),
});

/** A name that comes twice has its last value, as in a process's environment. */
function environment(info: Environment | undefined): EnvVar[] {
  const variables = new Map<string, EnvVar>();
  for (const variable of info?.variables ?? []) variables.set(variable.name, envVar(variable));
  return [...variables.values()];
}

function envVar({ name, type, value, secret }: Environment_Variable): EnvVar {
  if (type === Environment_Variable_Type.VALUE) {
    if (secret !== undefined) {
      throw new Unsupported(`Environment variable '${name}' of type 'VALUE' must not have a secret set`);
    }
    return { name, value };
  }
  if (type === Environment_Variable_Type.UNKNOWN) {
    throw new Unsupported("Environment variable of type 'UNKNOWN' is not allowed");
  }
  if (secret === undefined) {
    throw new Unsupported(`Environment variable '${name}' of type 'SECRET' must have a secret set`);
  }
  const reference = secretReference(secret, `environment variable '${name}'`);
  if (reference.key === undefined) {
    throw new Unsupported(`The secret of environment variable '${name}' needs 'reference.key'`);
  }
  return { name, secret: { name: reference.name, key: reference.key } };
}

/** A secret is named, and lies in a Secret of the namespace; by value it would stand in the Task for all to read. */
export function secretReference({ type, reference }: Secret, what: string): { name: string; key?: string } {
  if (type !== Secret_Type.REFERENCE || reference === undefined) {
    throw new Unsupported(`The secret of ${what} must be of type REFERENCE: values are not supported`);
  }
  const { name, key } = reference;
  return { name, ...(key !== "" && { key }) };
}
