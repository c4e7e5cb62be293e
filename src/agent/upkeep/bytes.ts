import { parseQuantity } from "../../resources/index.ts";

/** Bytes of a Kubernetes quantity. */
export function bytesOf(quantity: string): number {
  const { numerator, denominator } = parseQuantity(quantity);
  return Number(numerator / denominator);
}
