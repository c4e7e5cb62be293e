/** Whether a framework may see an agent at all, and which of its resources: what does not depend on amounts. */
import type { Resource, Resources } from "../resources/index.ts";
import type { AgentState, Capability, FrameworkState } from "./world.ts";

export type Ineligible = "Taint" | "Constraint" | "Gpu" | "Region";

/** Mesos: isCapableOfReceivingAgent and isAgentExcluded; taints are Kubernetes's. Undefined if it may. */
export function ineligibility(
  framework: FrameworkState,
  role: string,
  agent: AgentState,
  hasGpus: boolean,
  region: string | undefined,
): Ineligible | undefined {
  if (agent.taints?.some((taint) => !framework.tolerated?.has(taint))) return "Taint";
  if (framework.constraints?.excludes(role, agent)) return "Constraint";
  if (hasGpus && !framework.capabilities.has("GPU_RESOURCES")) return "Gpu";
  if (isRemote(agent, region) && !framework.capabilities.has("REGION_AWARE")) return "Region";
  return undefined;
}

function isRemote(agent: AgentState, region: string | undefined): boolean {
  return agent.region !== undefined && region !== undefined && agent.region !== region;
}

/** Frameworks with one mask see the same resources: bits for shared, revocable and refined ones. */
export function visibilityMask(capabilities: ReadonlySet<Capability>): number {
  return (
    (capabilities.has("SHARED_RESOURCES") ? 1 : 0) |
    (capabilities.has("REVOCABLE_RESOURCES") ? 2 : 0) |
    (capabilities.has("RESERVATION_REFINEMENT") ? 4 : 0)
  );
}

/** Mesos: stripIncapableResources. */
export function visible(resources: Resources, mask: number): Resources {
  return resources.filter((resource) => (neededBits(resource) & ~mask) === 0);
}

function neededBits({ shared, revocable, reservations }: Resource): number {
  return (shared ? 1 : 0) | (revocable ? 2 : 0) | (reservations.length > 1 ? 4 : 0);
}
