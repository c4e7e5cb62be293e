/** Taints and tolerations as kube-scheduler's TaintToleration plugin matches them (k8s.io/api/core/v1/toleration.go). */

export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: string;
}

export interface Toleration {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
  /** For how long a NoExecute taint is tolerated; undefined: for good. */
  readonly tolerationSeconds?: number | undefined;
}

/** The first taint that keeps the bearer of these tolerations off the node; PreferNoSchedule keeps nobody off. */
export const untolerated = (
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
): Taint | undefined =>
  taints?.find(
    (taint) =>
      (taint.effect === "NoSchedule" || taint.effect === "NoExecute") &&
      !(tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  );

/** An absent effect or key stands for all. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator || "Equal") {
    case "Exists":
      return true;
    case "Equal":
      // Kubernetes refuses Equal without a key; without that check it would match any key with the value.
      return Boolean(toleration.key) && (toleration.value ?? "") === (taint.value ?? "");
    default:
      return false;
  }
}

/** For messages: `key=value:NoSchedule`, as kubectl writes it. */
export const describeTaint = ({ key, value, effect }: Taint): string =>
  value ? `${key}=${value}:${effect}` : `${key}:${effect}`;
