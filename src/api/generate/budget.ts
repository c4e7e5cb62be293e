/**
 * The API server estimates the cost of each CEL rule before it takes a CRD: the worst case of one evaluation
 * times the most items of all lists around it. It refuses more than 10,000,000 a rule and 100,000,000 a CRD
 * (apiextensions-apiserver, StaticEstimatedCostLimit and StaticEstimatedCRDCostLimit).
 */
const PER_RULE = 2_500_000;

/** Whether a rule of this cost can stand below lists of so many items in all. */
export function affordable(cost: number, items: number): boolean {
  return cost * items <= PER_RULE;
}

/** Cost of matching text of at most so many characters (of up to 4 bytes) with a constant expression. */
export function matchCost(maxLength: number, expression: string): number {
  return (maxLength * 4 * 0.1 + 1) * expression.length * 0.25;
}
