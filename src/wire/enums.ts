import type { DescEnum } from "@bufbuild/protobuf";

/** The name of a value as the proto has it. */
export const enumName = (schema: DescEnum, value: number): string => schema.value[value]?.name ?? "UNKNOWN";

/** The number of a name; undefined: this version of Mesos has no such value. */
export const enumNumber = (schema: DescEnum, name: string): number | undefined =>
  schema.values.find((value) => value.name === name)?.number;
