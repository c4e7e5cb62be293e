import { type Fields, protobufOf } from "./fieldnumbers.fixture.ts";

/** A message of one of Mesos's APIs by hand in both encodings. */
export interface Written {
  readonly type: string;
  /** What its JSON has after the type, byte for byte. */
  readonly json: string;
  /** All of them, the type too. */
  readonly fields: Fields;
}

export const textOf = ({ type, json }: Written): string =>
  `{"type":"${type}"${json === "" ? "" : `,${json}`}}`;

/** The same with fields that lie before the type. */
export const textWith = (before: string, { type, json }: Written): string =>
  `{${before},"type":"${type}"${json === "" ? "" : `,${json}`}}`;

export const bytesOf = ({ fields }: Written): Buffer => protobufOf(fields);
