import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ensureBinaries } from "../../hack/devcluster/binaries.ts";
import { run } from "../../hack/devcluster/command.ts";
import { sayToTerminal } from "../../hack/devcluster/progress.ts";
import { KINDS } from "../../src/api/kinds.ts";

const ROOT = join(import.meta.dirname, "../..");
const CRDS = join(ROOT, "crds");
/** What the chart brings with `admission.untracked`, as the benches do. */
export const UNTRACKED = join(ROOT, "charts/mesos-operator/files/untracked.yaml");
const NAMES = KINDS.map(({ plural }) => `customresourcedefinition/${plural}.mesos.dev`);
/** What only the policies of the kinds refuse, a manifest a kind that has one. */
const REFUSED = ["task-framework-built-in", "offer-inverse-role", "executor-without-command"].map((name) =>
  join(ROOT, `test/manifests/bad/${name}.yaml`),
);
const POLICIES = readdirSync(CRDS).filter((file) => file.endsWith(".policy.yaml")).length;
const PATIENCE = 60_000;

/**
 * Gives an API server the project's CRDs and their policies, with what else is in these files, and resolves once both are in force. By kubectl, as a user would: the
 * typed client drops each `x-kubernetes-…` field of a schema, and with them the rules and the list types.
 */
export async function applyDefinitions(kubeconfig: string, ...more: readonly string[]): Promise<void> {
  if (REFUSED.length !== POLICIES) throw new Error("each policy needs a manifest that it refuses");
  const kubectl = (await ensureBinaries(["kubectl"], sayToTerminal)).get("kubectl") ?? "kubectl";
  const here = [kubectl, "--kubeconfig", kubeconfig];
  await run([...here, "apply", "--server-side", ...[CRDS, ...more].flatMap((file) => ["-f", file])]);
  await run([...here, "wait", "--for=condition=Established", "--timeout=60s", ...NAMES]);
  const deadline = Date.now() + PATIENCE;
  for (const file of REFUSED) {
    for (;;) {
      const answer = await run([...here, "create", "--dry-run=server", "-f", file]).then(
        () => "taken",
        (error: unknown) => String(error),
      );
      if (answer.includes("ValidatingAdmissionPolicy")) break;
      if (Date.now() > deadline) throw new Error(`${file} is not refused by a policy: ${answer}`);
      await delay(100);
    }
  }
}
