/** Pod Security Standards (KEP-2579). */
export type Level = "privileged" | "baseline" | "restricted";

export const ENFORCE_LABEL = "pod-security.kubernetes.io/enforce";

/**
 * The level that a namespace enforces. Without the label: privileged, Kubernetes' own default; a value that is no level
 * counts as restricted, as in Kubernetes' admission plugin.
 */
export function levelOf(labels: Readonly<Record<string, string>> | undefined): Level {
  const value = labels?.[ENFORCE_LABEL];
  if (value === undefined || value === "privileged") return "privileged";
  return value === "baseline" ? "baseline" : "restricted";
}
