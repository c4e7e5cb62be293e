import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { NodeFacts } from "./buildSpec.ts";
import { capabilitiesOfMask } from "./capabilities.ts";

/** Everything but swap accounting, which may differ by cgroup. */
export type OwnFacts = Omit<NodeFacts, "swapAccounting">;

/** Reads what this process and its node are. `cgroupRoot`: where the node's /sys/fs/cgroup is seen. */
export async function readNodeFacts(cgroupRoot: string): Promise<OwnFacts> {
  const [status, oomScoreAdj, unified] = await Promise.all([
    readFile("/proc/self/status", "utf8"),
    readFile("/proc/self/oom_score_adj", "utf8"),
    // On a hybrid node this file lies in unified/ and the controllers are v1.
    access(join(cgroupRoot, "cgroup.controllers")).then(
      () => true,
      () => false,
    ),
  ]);
  return {
    cgroupVersion: unified ? "v2" : "v1",
    arch: process.arch,
    capabilities: capabilitiesOfMask(/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"),
    oomScoreAdj: Number(oomScoreAdj.trim()),
  };
}
