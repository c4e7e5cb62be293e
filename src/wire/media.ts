/** Content negotiation as Mesos's master does it (libprocess http.cpp, Request::acceptsMediaType). */

export type Encoding = "json" | "protobuf";

export const MEDIA_TYPE: Readonly<Record<Encoding, string>> = {
  json: "application/json",
  protobuf: "application/x-protobuf",
};

/** Of a body: the whole header counts, as in Mesos, so parameters are not understood. */
export function contentEncoding(contentType: string): Encoding | undefined {
  if (contentType === MEDIA_TYPE.protobuf) return "protobuf";
  return contentType === MEDIA_TYPE.json ? "json" : undefined;
}

/** Of an answer: JSON where it is accepted at all, by name or by a wildcard; undefined: neither. */
export function acceptedEncoding(accept: string | undefined): Encoding | undefined {
  return (["json", "protobuf"] as const).find((encoding) => acceptsMediaType(accept, MEDIA_TYPE[encoding]));
}

/** Looks for `type/subtype`, then `type/*`, then any: the first entry that names one of them decides. */
export function acceptsMediaType(header: string | undefined, mediaType: string): boolean {
  if (header === undefined) return true;
  const entries = header
    .replace(/[ \t\n]/g, "")
    .toLowerCase()
    .split(",");
  const [type = ""] = mediaType.split("/");
  for (const candidate of [mediaType, `${type}/*`, "*/*"]) {
    const entry = entries.find((one) => one.split(";").find((token) => token !== "") === candidate);
    if (entry !== undefined) return hasWeight(entry);
  }
  return false;
}

function hasWeight(entry: string): boolean {
  const weights = entry.split(";").flatMap((pair) => (pair.startsWith("q=") ? [pair.slice(2)] : []));
  const [weight] = weights;
  return weights.length !== 1 || weight === undefined || Number(weight) > 0;
}
