/** Agents and frameworks as Mesos's benchmarks have them (src/tests/hierarchical_allocator_{tests,benchmarks}.cpp). */
import type { AgentState, Allocation, Capability, FrameworkState } from "../../../src/allocator/index.ts";
import { parseResources, type Resources } from "../../../src/resources/index.ts";

/** Sixteen ranges out of 31000-32000, as `fragment(createRange(31000, 32000), 16)` makes them: every other of 33 parts. */
export const FRAGMENTS = Array.from(
  { length: 16 },
  (_, i) => `${31000 + i * 62}-${31000 + i * 62 + 30}`,
).join(",");

export const frameworkName = (i: number): string => `framework-${i}`;
export const agentName = (i: number): string => `agent-${i}`;

export function framework(i: number, role: string, capabilities: readonly Capability[] = []): FrameworkState {
  return { id: frameworkName(i), roles: [role], active: true, capabilities: new Set(capabilities) };
}

/** Resources are parsed for each agent: in the operator no two agents share an object. */
export function agent(
  i: number,
  total: string | Resources,
  allocations: readonly Allocation[] = [],
): AgentState {
  return {
    name: agentName(i),
    total: typeof total === "string" ? parseResources(total) : total,
    attributes: [],
    allocations,
  };
}

export function used(framework: number, role: string, resources: string | Resources): Allocation {
  return {
    framework: frameworkName(framework),
    role,
    resources: typeof resources === "string" ? parseResources(resources) : resources,
  };
}
