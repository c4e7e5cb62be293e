import type { z } from "zod";
import { API_VERSION } from "./group.ts";
import type { Rule } from "./rule.ts";

/** What this project reads of Kubernetes' ObjectMeta. Times are RFC 3339 text. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** An object of this API group as the API server stores it. */
export interface KubernetesObject<Spec, Status> {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: Spec;
  status?: Status;
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly jsonPath: string;
  readonly description?: string;
  /** Above 0 the column shows only with `-o wide`. */
  readonly priority?: number;
}

/** One kind: its names, its schemas, and what `kubectl get` shows. */
export interface Kind<Spec extends z.ZodType = z.ZodType, Status extends z.ZodType = z.ZodType> {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly description: string;
  readonly spec: Spec;
  readonly status: Status;
  /**
   * True: rules on spec that compare with what was there before, or look into an object, are judged by a ValidatingAdmissionPolicy
   * when spec is written; as rules of the schema they would be judged again with each write of status. For kinds whose status is
   * written often.
   */
  readonly admission?: true;
  /** CEL rules over the whole object: metadata.name, spec and status together. */
  readonly rules: readonly Rule[];
  readonly printerColumns: readonly PrinterColumn[];
  /** JSON paths usable in field selectors. */
  readonly selectableFields: readonly string[];
}

export function defineKind<Spec extends z.ZodType, Status extends z.ZodType>(
  kind: Kind<Spec, Status>,
): Kind<Spec, Status> {
  return kind;
}

/** The empty shell of an object: apiVersion and kind filled in. */
export function typeMeta<K extends string>(kind: { readonly kind: K }): { apiVersion: string; kind: K } {
  return { apiVersion: API_VERSION, kind: kind.kind };
}

const AGE: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };

/** Columns from [name, jsonPath, type?, priority?]; Age comes last on each kind. */
export function columns(
  ...list: readonly (readonly [string, string, PrinterColumn["type"]?, number?])[]
): readonly PrinterColumn[] {
  const made = list.map(
    ([name, jsonPath, type = "string", priority = 0]): PrinterColumn => ({
      name,
      type,
      jsonPath,
      ...(priority > 0 ? { priority } : {}),
    }),
  );
  return [...made, AGE];
}
