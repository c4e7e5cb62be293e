/** Agents and frameworks as Mesos's benchmarks have them (src/tests/hierarchical_allocator_{tests,benchmarks}.cpp). */
import type { AgentState, Allocation, Capability, FrameworkState } from "../../../src/allocator/index.ts";
import { parseResources, type Resources } from "../../../src/resources/index.ts";
import type { Bench } from "./bench.ts";

/** Sixteen ranges out of 31000-32000 as `fragment` of Mesos's resources_utils.cpp makes them: 15 single ports, and the rest. */
export const FRAGMENTS = [
  ...Array.from({ length: 15 }, (_, i) => 31000 + 2 * i).map((p) => `${p}-${p}`),
  "31030-32000",
].join(",");

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

/** Frameworks first; each agent has a portion allocated to a framework, in turn. */
export function fill(
  bench: Bench,
  agents: number,
  frameworks: number,
  role: string,
  make: (i: number) => [state: AgentState, taken: string],
): void {
  for (let f = 0; f < frameworks; f++) bench.engine.upsertFramework(framework(f, role));
  for (let i = 0; i < agents; i++) {
    const [state, taken] = make(i);
    bench.engine.upsertAgent({ ...state, allocations: [used(i % frameworks, role, taken)] });
  }
}
