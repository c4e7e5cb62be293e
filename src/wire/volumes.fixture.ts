/** Operations on the size of a volume, by hand in both encodings, after include/mesos/v1/mesos.proto. */
import { double } from "./fieldnumbers.fixture.ts";

const [SCALAR, DYNAMIC, RW] = [0, 2, 1];

const reserved = (mebibytes: number) => ({
  name: "disk",
  type: "SCALAR",
  scalar: { value: mebibytes },
  reservations: [{ type: "DYNAMIC", role: "eng" }],
});
const reservedFields = (mebibytes: number) => ({
  1: "disk",
  2: SCALAR,
  3: { 1: double(mebibytes) },
  13: { 3: "eng", 4: DYNAMIC },
});
const volume = {
  ...reserved(64),
  disk: { persistence: { id: "v1" }, volume: { mode: "RW", container_path: "data" } },
};
// By the numbers: 7 is disk, 13 the reservations.
const volumeFields = { ...reservedFields(64), 7: { 1: { 1: "v1" }, 2: { 1: "data", 3: RW } } };

export const grown = {
  json: { volume, addition: reserved(8) },
  fields: [volumeFields, reservedFields(8)],
} as const;
export const shrunk = {
  json: { volume, subtract: { value: 8 } },
  fields: [volumeFields, { 1: double(8) }],
} as const;
