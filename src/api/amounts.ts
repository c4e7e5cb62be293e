/**
 * CEL expressions over resources in Mesos's units (mem and disk in MiB), written as scalar or as quantity.
 * Ranges and sets count nothing; so does a quantity that is malformed, which another rule refuses.
 */

/**
 * The amount of the resource that the CEL variable names. Sums are beyond CEL here: the API server takes what
 * filter and map return for endless, and refuses the rule.
 */
export function units(resource: string, name = `${resource}.name`): string {
  const quantity = `quantity(${resource}.quantity).asApproximateFloat()`;
  return (
    `(has(${resource}.scalar) ? ${resource}.scalar : ` +
    `!has(${resource}.quantity) || !isQuantity(${resource}.quantity) ? 0.0 : ` +
    `${name} in ['mem', 'disk'] ? ${quantity} / 1048576.0 : ${quantity})`
  );
}

/** Amounts are exact to a thousandth in Mesos; the floats of CEL are not. */
export const SLACK = "0.0005";
