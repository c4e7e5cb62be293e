import { BenchError } from "./failure.ts";

/** The value of a flag. Throws BenchError with what is wrong with it. */
export function wholeNumber(name: string, text: string | undefined, fallback: number, least: 0 | 1): number {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new BenchError(`--${name} is a whole number${least > 0 ? " above 0" : ""}, not ${text}`);
}
