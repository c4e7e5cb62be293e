/** What the benchmark tells the simulator, as its first argument in JSON. */
export interface SimulatorSettings {
  readonly kubeconfig: string;
  readonly agents: number;
  /** Milliseconds between the renewals of an agent's Lease; 0: somebody else renews them. */
  readonly heartbeat: number;
}

/** What the simulator tells the benchmark. */
export type SimulatorMessage =
  /** It has seen all agents. */
  | { readonly kind: "up" }
  /** Of the last round of renewals: by how much it was late, in milliseconds. */
  | { readonly kind: "late"; readonly milliseconds: number }
  | { readonly kind: "failed"; readonly message: string };

/** Namespace of the operator, its Leases and the slot Pods. */
export const SYSTEM = "mesos-system";

export const nodeName = (index: number): string => `node-${String(index).padStart(5, "0")}`;
