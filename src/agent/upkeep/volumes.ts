import type { Reservation } from "../../api/reservation.ts";
import type { VolumeName } from "../sandbox/layout.ts";

/** A set of persistent volumes of one agent. */
export interface VolumeSet {
  has(volume: VolumeName): boolean;
}

/** Roles have no blanks, so this names one volume. */
const keyOf = ({ role, id }: VolumeName): string => `${role} ${id}`;

export function volumeSet(volumes: Iterable<VolumeName>): VolumeSet {
  const keys = new Set([...volumes].map(keyOf));
  return { has: (volume) => keys.has(keyOf(volume)) };
}

/** The persistent volumes that the Reservations promise on an agent. */
export function knownVolumes(reservations: readonly Reservation[], agent: string): VolumeSet {
  const found: VolumeName[] = [];
  for (const { spec, status } of reservations) {
    const here = spec.agent === agent || status?.reserved?.some((placed) => placed.agent === agent);
    if (!here) continue;
    for (const { id } of spec.volumes ?? []) found.push({ role: spec.role, id });
  }
  return volumeSet(found);
}
