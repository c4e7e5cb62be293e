import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Reads and checks a configuration file; without a path, all defaults. The error names each field. */
export function loadConfig<T extends z.ZodType>(schema: T, path: string | undefined): z.output<T> {
  let raw: unknown = {};
  if (path !== undefined && path !== "") {
    try {
      raw = parse(readFileSync(path, "utf8")) ?? {};
    } catch (cause) {
      throw new ConfigError(`the configuration ${path} cannot be read`, { cause });
    }
  }
  const result = schema.safeParse(raw);
  if (!result.success)
    throw new ConfigError(`the configuration ${path ?? ""} is invalid:\n${z.prettifyError(result.error)}`);
  return result.data;
}
