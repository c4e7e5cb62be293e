import type { Containerizer, RunningContainer } from "../containerizer/containerizer.ts";
import { ContainerLaunchError } from "../containerizer/errors.ts";
import type { ContainerSpec } from "../containerizer/spec.ts";
import type { ImageConfig } from "../provisioner/provisioner.ts";
import { launchStep, type StepOptions } from "./step.ts";

/** Starts a container, at most once: a try that containerd did not answer is looked into before another. */
export async function launchOnce(
  containerizer: Pick<Containerizer, "launch" | "recover" | "remove">,
  spec: ContainerSpec,
  image: ImageConfig,
  options: StepOptions,
): Promise<RunningContainer> {
  let asked = false;
  return launchStep(async () => {
    if (asked) {
      // An answer was lost: the container may be there, and then it is this launch's.
      const found = await launched(containerizer, spec.id);
      if (found) return found;
      await containerizer.remove(spec.id);
    }
    asked = true;
    return containerizer.launch(spec, image, options.signal);
  }, options);
}

async function launched(
  containerizer: Pick<Containerizer, "recover">,
  id: string,
): Promise<RunningContainer | undefined> {
  const containers = await containerizer.recover();
  const container = containers.find((each) => each.id === id);
  if (container?.state === "gone") {
    throw new ContainerLaunchError("its process was started and is gone, while containerd did not answer");
  }
  if (container?.state !== "running" && container?.state !== "exited") return undefined;
  const { pid = 0, createdAt, addresses } = container;
  return { id, pid, startedAt: createdAt, addresses };
}
