import type { AttributeConstraint as ConstraintSpec } from "../api/container.ts";
import type { FrameworkSpec } from "../api/framework.ts";
import { enumName, enumNumber } from "../wire/enums.ts";
import { fromJsonValue } from "../wire/fromjson.ts";
import {
  type AttributeConstraint,
  type AttributeConstraint_Selector,
  AttributeConstraint_Selector_PseudoattributeType,
  AttributeConstraint_Selector_PseudoattributeTypeSchema,
  type OfferConstraints,
  OfferConstraintsSchema,
} from "../wire/gen/mesos/v1/scheduler/scheduler_pb.ts";
import { Unsupported } from "./unsupported.ts";

type Spec = NonNullable<FrameworkSpec["offerConstraints"]>;

/** Mesos: src/master/allocator/mesos/offer_constraints_filter.cpp. A role without groups is not constrained. */
export function offerConstraintsSpec(constraints: OfferConstraints | undefined): Spec {
  return Object.entries(constraints?.roleConstraints ?? {}).flatMap(([role, { groups }]) => {
    if (groups.length === 0) return [];
    return [
      {
        role,
        groups: groups.map(({ attributeConstraints }) => {
          if (attributeConstraints.length === 0) {
            throw new Unsupported("'OfferConstraints': a group must have attribute constraints");
          }
          return { constraints: attributeConstraints.map(constraintSpec) };
        }),
      },
    ];
  });
}

function constraintSpec({ selector, predicate }: AttributeConstraint): ConstraintSpec {
  const attribute = attributeOf(selector);
  const wanted = predicate?.predicate;
  switch (wanted?.case) {
    case "exists":
      return { attribute, operator: "Exists" };
    case "notExists":
      return { attribute, operator: "NotExists" };
    case "textEquals":
      return { attribute, operator: "TextEquals", value: wanted.value.value };
    case "textNotEquals":
      return { attribute, operator: "TextNotEquals", value: wanted.value.value };
    case "textMatches":
      return { attribute, operator: "TextMatches", value: wanted.value.regex };
    case "textNotMatches":
      return { attribute, operator: "TextNotMatches", value: wanted.value.regex };
    default:
      throw new Unsupported("Unknown predicate type");
  }
}

/** The API has one space of names, in which Mesos's pseudo-attributes are the ones in capitals. */
function attributeOf(selector: AttributeConstraint_Selector | undefined): string {
  const chosen = selector?.selector;
  switch (chosen?.case) {
    case "attributeName":
      return chosen.value;
    case "pseudoattributeType":
      if (chosen.value === AttributeConstraint_Selector_PseudoattributeType.UNKNOWN) {
        throw new Unsupported("Unknown pseudoattribute type");
      }
      return enumName(AttributeConstraint_Selector_PseudoattributeTypeSchema, chosen.value);
    default:
      throw new Unsupported(
        "Exactly one of 'AttributeConstraint::Selector::name' and 'AttributeConstraint::Selector::pseudoattribute_type' must be set",
      );
  }
}

const PREDICATES = {
  Exists: "exists",
  NotExists: "not_exists",
  TextEquals: "text_equals",
  TextNotEquals: "text_not_equals",
  TextMatches: "text_matches",
  TextNotMatches: "text_not_matches",
} as const;

/** The way back, by way of JSON: it is shorter there. */
export const offerConstraintsMessage = (spec: Spec): OfferConstraints =>
  fromJsonValue(OfferConstraintsSchema, {
    role_constraints: Object.fromEntries(
      spec.map(({ role, groups }) => [
        role,
        {
          groups: groups.map(({ constraints }) => ({
            attribute_constraints: constraints.map(constraintJson),
          })),
        },
      ]),
    ),
  });

function constraintJson({ attribute, operator, value }: ConstraintSpec): object {
  const pseudo = enumNumber(AttributeConstraint_Selector_PseudoattributeTypeSchema, attribute) !== undefined;
  const key = operator === "TextMatches" || operator === "TextNotMatches" ? "regex" : "value";
  return {
    selector: { [pseudo ? "pseudoattribute_type" : "attribute_name"]: attribute },
    predicate: { [PREDICATES[operator]]: value === undefined ? {} : { [key]: value } },
  };
}
