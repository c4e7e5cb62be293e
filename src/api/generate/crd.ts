import { GROUP, VERSION } from "../group.ts";
import type { Kind } from "../kind.ts";
import { type JsonSchema, structural } from "./structural.ts";

/** The CustomResourceDefinition of a kind. */
export function customResourceDefinition(kind: Kind): JsonSchema {
  // What is taken out stands in the kind's policy.
  const take = kind.admission ? { take: () => {} } : {};
  const spec = structural(kind.spec, { rules: true, ...take });
  const status = structural(kind.status, { rules: false });
  const schema: JsonSchema = {
    type: "object",
    description: kind.description,
    required: ["spec"],
    properties: {
      apiVersion: {
        type: "string",
        description: "Version of the schema of this object: mesos.dev/v1alpha1.",
      },
      kind: { type: "string", description: `The kind: ${kind.kind}.` },
      // Named so that a rule can point at it; the API server has its own checks of metadata.
      metadata: {
        type: "object",
        properties: { name: { type: "string", description: "Name of the object." } },
      },
      spec: { ...spec, description: spec.description ?? `What is wanted of the ${kind.kind}.` },
      status: { ...status, description: status.description ?? `What is true of the ${kind.kind}.` },
    },
  };
  if (kind.rules.length > 0) schema["x-kubernetes-validations"] = kind.rules;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${kind.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: kind.scope,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        shortNames: kind.shortNames,
        categories: ["mesos"],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.printerColumns,
          selectableFields: kind.selectableFields.map((jsonPath) => ({ jsonPath })),
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  };
}
