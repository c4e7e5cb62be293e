import { type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { toJsonText } from "../../wire/tojson.ts";

/**
 * One object as the operator API tells it, in each of its forms; a form is made when it is first asked for and kept as long as
 * whoever keeps this.
 */
export class Told {
  readonly #schema: DescMessage;
  readonly #message: () => Message;
  readonly #old: () => object;
  #v0: string | undefined;
  #json: string | undefined;
  #binary: Uint8Array | undefined;

  /** `old` is what the v0 paths say of it. */
  constructor(schema: DescMessage, message: () => Message, old: () => object) {
    this.#schema = schema;
    this.#message = message;
    this.#old = old;
  }

  get v0(): string {
    this.#v0 ??= JSON.stringify(this.#old());
    return this.#v0;
  }

  get json(): string {
    this.#json ??= toJsonText(this.#schema, this.#message());
    return this.#json;
  }

  get binary(): Uint8Array {
    this.#binary ??= toBinary(this.#schema, this.#message());
    return this.#binary;
  }
}
