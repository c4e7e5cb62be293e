import type { Reservation } from "../../api/reservation.ts";
import type { Live } from "../../cluster/object.ts";
import {
  isPersistentVolume,
  type Resource,
  type ResourceOperation,
  Resources,
  toSpec,
} from "../../resources/index.ts";
import { heldPart, plainForm, type ReservedForm, reservedForm } from "../world/reservedform.ts";
import { bySeniority } from "../world/seniority.ts";
import { contribution, operationKey, withContribution, withContributions } from "./contributions.ts";
import type { ReservationChange } from "./reserve.ts";
import type { Situation } from "./situation.ts";

type Resize = Extract<ResourceOperation, { type: "GROW_VOLUME" | "SHRINK_VOLUME" }>;

interface Readable {
  readonly object: Live<Reservation>;
  readonly form: ReservedForm;
}

/** Reserved disk that goes from its Reservation to the one that has the volume. */
interface Gift extends Readable {
  readonly part: Resources;
}

/**
 * GROW_VOLUME and SHRINK_VOLUME: the size of a volume in its Reservation. An addition may come from other Reservations too. With the volume
 * it is noted first what each of them gives: after a crash in between too much is reserved, never too little, and it is known
 * what is left to do. Undefined: no Reservation has the volume, or they do not have the addition.
 */
export function resizeVolume(
  { offer, reservations }: Situation,
  index: number,
  operation: Resize,
  converted: Resources,
): readonly ReservationChange[] | undefined {
  const key = operationKey(offer.metadata.uid, index);
  const readable = reservations.flatMap((object): Readable[] => {
    const form = reservedForm(object);
    return "invalid" in form ? [] : [{ object, form }];
  });
  const done = reservations.find(
    (object) => contribution(object, key)?.filter(isPersistentVolume).isEmpty === false,
  );
  if (done !== undefined) return unfinished(readable, done, key);
  const volume = Resources.of([operation.volume]);
  const holder = readable.find(({ form }) => form.reserved.contains(volume));
  const resized = [...converted].find(isPersistentVolume);
  if (holder === undefined || resized === undefined) return undefined;
  if (operation.type === "SHRINK_VOLUME") return [holding(holder, resized, [], key)];
  const gifts = giftsOf(readable, holder, Resources.of([operation.addition]));
  return gifts && [holding(holder, resized, gifts, key), ...gifts.map((gift) => giving(gift, key))];
}

/** The Reservation without a part of what it reserves. */
export function without(
  object: Live<Reservation>,
  { plain }: ReservedForm,
  part: Resources,
  key: string,
): ReservationChange {
  const rest = plain.subtract(plainForm(part));
  if (rest.isEmpty) return { kind: "delete", object };
  const annotations = withContribution(object, key, part);
  return { kind: "patch", object, annotations, spec: { resources: toSpec(rest) } };
}

const giving = ({ object, form, part }: Gift, key: string) => without(object, form, part, key);

/** Where a Reservation's gift is noted with the one that gets it. */
const giftKey = (key: string, { metadata }: Live<Reservation>): string => `${key}/${metadata.uid}`;

/** Of an addition what the volume's own Reservation lacks: of the newest others first. Undefined: they do not have it. */
function giftsOf(readable: readonly Readable[], holder: Readable, addition: Resources): Gift[] | undefined {
  const free = ({ form }: Readable) => form.reserved.filter((one) => !isPersistentVolume(one));
  let left = addition.subtract(heldPart(free(holder), addition));
  const gifts: Gift[] = [];
  const others = readable.filter((one) => one !== holder);
  for (const other of others.sort((a, b) => bySeniority(b.object, a.object))) {
    const part = heldPart(free(other), left);
    if (part.isEmpty) continue;
    gifts.push({ ...other, part });
    left = left.subtract(part);
  }
  return left.isEmpty ? gifts : undefined;
}

/** The volume's Reservation, with the volume as it shall be. */
function holding(
  { object, form }: Readable,
  resized: Resource,
  gifts: readonly Gift[],
  key: string,
): ReservationChange {
  const milli = resized.value.kind === "scalar" ? resized.value.milli : 0;
  const volumes = (object.spec.volumes ?? []).map(({ quantity, ...volume }) => {
    if (volume.id === resized.disk?.persistence?.id) return { ...volume, scalar: milli / 1000 };
    return { ...volume, ...(quantity !== undefined && { quantity }) };
  });
  const gained = gifts.map(({ part }) => plainForm(part));
  const notes = gifts.map(({ object, part }) => [giftKey(key, object), part] as const);
  return {
    kind: "patch",
    object,
    annotations: withContributions(object, new Map([[key, Resources.of([resized])], ...notes])),
    spec: {
      volumes,
      ...(gained.length > 0 && { resources: toSpec(Resources.sum([form.plain, ...gained])) }),
    },
  };
}

/** Gifts that are noted with the volume and were not made yet. */
function unfinished(
  readable: readonly Readable[],
  holder: Live<Reservation>,
  key: string,
): ReservationChange[] {
  return readable.flatMap(({ object, form }) => {
    const part = contribution(holder, giftKey(key, object));
    if (part === undefined || contribution(object, key) !== undefined) return [];
    return [giving({ object, form, part }, key)];
  });
}
