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
  return volumeSet(promised(reservations, agent));
}

/** What tells this volume from one of the same role and id that was destroyed before; undefined: there is none. */
export function volumeIdentity(
  reservations: readonly Reservation[],
  agent: string,
  volume: VolumeName,
): string | undefined {
  return promised(reservations, agent).find((each) => keyOf(each) === keyOf(volume))?.identity;
}

function promised(
  reservations: readonly Reservation[],
  agent: string,
): (VolumeName & { readonly identity: string })[] {
  return reservations
    .filter(
      ({ spec, status }) =>
        spec.agent === agent || status?.reserved?.some((placed) => placed.agent === agent) === true,
    )
    .flatMap(({ metadata, spec }) =>
      (spec.volumes ?? []).map(({ id, uid }) => ({
        role: spec.role,
        id,
        identity: uid ?? metadata?.uid ?? "",
      })),
    );
}
