import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";

/** An Any without the message's own brand, as an initialiser takes it. */
export interface AnyInit {
  readonly typeUrl: string;
  readonly value: Uint8Array<ArrayBuffer>;
}

/**
 * containerd's typeurl names types without a host (`containerd.runc.v1.Options`) and compares whole URLs in places, so the usual
 * `type.googleapis.com/` may not stand before them.
 */
export function packMessage<T extends DescMessage>(schema: T, message: MessageInitShape<T>): AnyInit {
  return { typeUrl: schema.typeName, value: toBinary(schema, create(schema, message)) };
}

/** Undefined if the Any holds something else. */
export function unpackMessage<T extends DescMessage>(
  schema: T,
  any: { typeUrl: string; value: Uint8Array } | undefined,
): MessageShape<T> | undefined {
  if (any === undefined || any.typeUrl.split("/").at(-1) !== schema.typeName) return undefined;
  return fromBinary(schema, any.value);
}

/** Go types without a protobuf description travel as JSON under a URL that containerd has registered for them. */
const OCI_RUNTIME_SPEC = "types.containerd.io/opencontainers/runtime-spec/1";

export function packOciSpec(type: "Spec" | "Process" | "LinuxResources", value: unknown): AnyInit {
  return { typeUrl: `${OCI_RUNTIME_SPEC}/${type}`, value: new TextEncoder().encode(JSON.stringify(value)) };
}

export function unpackJson(any: { value: Uint8Array } | undefined): unknown {
  return any === undefined ? undefined : JSON.parse(new TextDecoder().decode(any.value));
}
