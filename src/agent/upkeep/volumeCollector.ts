import type { Logger } from "pino";
import type { Reservation } from "../../api/reservation.ts";
import type { TaskSpec } from "../../api/task.ts";
import type { Resource } from "../../cluster/resource.ts";
import { listVolumes } from "../sandbox/collect.ts";
import type { Layout } from "../sandbox/layout.ts";
import { removeVolume } from "../sandbox/volumeIdentity.ts";
import { persistentVolumes } from "../sandbox/volumes.ts";
import { knownVolumes, volumeSet } from "./volumes.ts";

export interface VolumeCollectorOptions {
  /** The agent's name. */
  readonly node: string;
  readonly reservations: Pick<Resource<Reservation>, "list">;
  readonly layout: Layout;
  /** The tasks and executors that may use theirs. */
  readonly holders: () => Iterable<{ readonly spec: Pick<TaskSpec, "resources" | "allocated"> }>;
  readonly log: Logger;
}

/**
 * Carries out DESTROY, and the end of a Reservation: a persistent volume's data goes when two looks in a row found no Reservation for it and
 * nobody who holds it.
 */
export class VolumeCollector {
  readonly #options: VolumeCollectorOptions;
  #doomed = volumeSet([]);

  constructor(options: VolumeCollectorOptions) {
    this.#options = options;
  }

  async look(signal: AbortSignal): Promise<void> {
    const { layout, reservations, node, log, holders } = this.#options;
    const present = await listVolumes(layout);
    if (present.length === 0) return;
    const { items } = await reservations.list({ signal });
    const known = knownVolumes(items, node);
    const used = volumeSet([...holders()].flatMap(({ spec }) => [...persistentVolumes(spec)]));
    const lost = present.filter((volume) => !known.has(volume) && !used.has(volume));
    for (const volume of lost) {
      if (!this.#doomed.has(volume)) continue;
      await removeVolume(layout, volume);
      log.info({ volume }, "a persistent volume was destroyed");
    }
    this.#doomed = volumeSet(lost);
  }
}
