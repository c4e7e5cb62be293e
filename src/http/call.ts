import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { BodyError, decode } from "../wire/codec.ts";
import { contentEncoding } from "../wire/media.ts";
import { type Answer, badRequest } from "./answer.ts";

/**
 * The call in a request to one of Mesos's v1 APIs, or why there is none: what the handlers of its master and agent check first, in their order
 * (src/master/http.cpp, src/slave/http.cpp).
 */
export async function readCall<Desc extends DescMessage>(
  schema: Desc,
  contentType: string | undefined,
  body: () => Promise<Buffer>,
): Promise<{ readonly call: MessageShape<Desc> } | { readonly refusal: Answer }> {
  if (contentType === undefined) return { refusal: badRequest("Expecting 'Content-Type' to be present") };
  const encoding = contentEncoding(contentType);
  if (encoding === undefined) {
    const text = "Expecting 'Content-Type' of application/json or application/x-protobuf";
    return { refusal: { status: 415, body: text } };
  }
  try {
    return { call: decode(encoding, schema, await body(), "Call") };
  } catch (error) {
    if (error instanceof BodyError) return { refusal: badRequest(error.message) };
    throw error;
  }
}

/** The answer to an Accept that allows neither encoding. */
export const notAcceptable: Answer = {
  status: 406,
  body: "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'",
};
