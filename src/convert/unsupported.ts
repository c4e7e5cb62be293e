import { type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";

/** Something of a message that this project cannot carry, or that Mesos's validation refuses; the sentence is told to the framework. */
export class Unsupported extends Error {
  override readonly name = "Unsupported";
}

/** Refuses each field that is set and not known to be carried: what is not understood must not be lost silently. */
export function onlyFields(
  schema: DescMessage,
  message: Message,
  carried: readonly string[],
  at: string,
): void {
  const strange = schema.fields.find((field) => isFieldSet(message, field) && !carried.includes(field.name));
  if (strange !== undefined) throw new Unsupported(`'${at}.${strange.name}' is not supported`);
}
