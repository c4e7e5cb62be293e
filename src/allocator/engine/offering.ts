/**
 * What one role would be offered of one agent, cut to guarantees, limits and headroom (Mesos: __generateOffers). Plain amounts are
 * compared as numbers; resources are only put together for what can be offered, and kept with the agent while it is whole.
 */
import { isStrictSubroleOf, Limits, Quantities, Resources } from "../../resources/index.ts";
import { type AgentDigest, openPart } from "../digest.ts";
import { visible } from "../eligibility.ts";
import type { Books } from "./books.ts";
import type { RoleNode } from "./roles.ts";

/** Guaranteed: only roles whose guarantees lack something, and who can be given some of it here. Fair: all. */
export type Stage = "guaranteed" | "fair";

export interface Offering {
  readonly resources: Resources;
  /** Scalars, as pairs of slot and amount: what shares count. */
  readonly held: readonly number[];
  /** The part that quota counts, unreserved and not revocable, as pairs too. */
  readonly open: readonly number[];
  /** The last minima it was held against, and whether it has all of one of them. */
  minima: readonly Quantities[] | undefined;
  enough: boolean;
}

/** Slots that the bits of a number can name. */
const MOST_SLOTS = 31;
const MOST_RESERVATIONS = 24;
/** As many as `visibilityMask` knows. */
export const MASKS = 8;

export class Offerings {
  readonly #books: Books;
  /** By what is free of plain agents before anything of them is offered: many are alike, and it comes back as soon as that is declined. */
  readonly #wholes = new WeakMap<Resources, Offering>();
  #claim = new Float64Array(16);
  #room = new Float64Array(16);
  #surplus = new Float64Array(16);
  #cut = new Float64Array(16);

  constructor(books: Books) {
    this.#books = books;
  }

  /**
   * Undefined if nothing is left for the role. What is reserved (for the role or an ancestor) and what is revocable is always
   * part of it; the rest is cut. `mask` is visibilityMask of a framework's capabilities; `given` are shared volumes that
   * somebody was offered in this round.
   */
  forRole(
    agent: number,
    role: RoleNode,
    stage: Stage,
    mask: number,
    given: Resources | undefined,
  ): Offering | undefined {
    const { fleet, headroom, space } = this.#books;
    const digest = fleet.digests[agent];
    const available = fleet.available[agent];
    if (digest === undefined || available === undefined) return undefined;
    if (!headroom.hasQuotas)
      return stage === "fair" ? this.#uncut(agent, digest, role, mask, given) : undefined;
    this.#prepare(space.size);
    if (stage === "guaranteed" && !headroom.claim(role, this.#claim)) return undefined;
    headroom.room(role, this.#room);
    headroom.surplus(this.#surplus);
    if (!digest.simple || space.size > MOST_SLOTS)
      return this.#byAlgebra(agent, digest, role, stage, mask, given);
    return this.#byNumbers(agent, available, stage);
  }

  #prepare(size: number): void {
    if (size <= this.#cut.length) return;
    this.#claim = new Float64Array(2 * size);
    this.#room = new Float64Array(2 * size);
    this.#surplus = new Float64Array(2 * size);
    this.#cut = new Float64Array(2 * size);
  }

  #uncut(
    agent: number,
    digest: AgentDigest,
    role: RoleNode,
    mask: number,
    given: Resources | undefined,
  ): Offering | undefined {
    if (digest.plain) return this.whole(agent);
    const { fleet } = this.#books;
    const isUntouched = given === undefined && fleet.available[agent] === digest.available;
    const key = isUntouched ? sightOf(digest, role.path, mask) : undefined;
    if (key === undefined) return this.#makeUncut(agent, role.path, mask, given);
    const known = fleet.reaches[agent]?.get(key);
    if (known !== undefined) return known.resources.isEmpty ? undefined : known;
    const made = this.#makeUncut(agent, role.path, mask, given);
    const reaches = fleet.reaches[agent] ?? new Map<number, Offering>();
    fleet.reaches[agent] = reaches.set(key, made ?? this.#make(Resources.empty, Quantities.empty));
    return made;
  }

  #makeUncut(agent: number, path: string, mask: number, given: Resources | undefined): Offering | undefined {
    const resources = this.#reachable(agent, path, mask, given);
    return resources.isEmpty ? undefined : this.#make(resources, openPart(resources).quantities());
  }

  #make(resources: Resources, open: Quantities): Offering {
    const { space } = this.#books;
    const held = space.pairs(resources.scalarQuantities());
    return { resources, held, open: space.pairs(open), minima: undefined, enough: false };
  }

  /** All that is free of a plain agent. */
  whole(agent: number): Offering | undefined {
    const { fleet } = this.#books;
    const known = fleet.offerings[agent];
    if (known !== undefined) return known;
    const available = fleet.available[agent];
    const digest = fleet.digests[agent];
    if (available === undefined || digest === undefined || available.isEmpty) return undefined;
    const isUntouched = available === digest.available;
    const before = isUntouched ? this.#wholes.get(available) : undefined;
    const made = before ?? this.#make(available, isUntouched ? digest.free : available.quantities());
    fleet.offerings[agent] = made;
    if (isUntouched) this.#wholes.set(available, made);
    return made;
  }

  #reachable(agent: number, path: string, mask: number, given: Resources | undefined): Resources {
    const { fleet } = this.#books;
    const mine = fleet.available[agent]?.allocatableTo(path);
    const rest = mine === undefined || given === undefined ? mine : mine.subtract(given);
    return visible(rest ?? Resources.empty, mask);
  }

  /** Of an agent whose parts are all alike: every name is a slot. */
  #byNumbers(agent: number, available: Resources, stage: Stage): Offering | undefined {
    const { fleet, space } = this.#books;
    const { data, stride } = fleet.free;
    const row = agent * stride;
    const ranged = fleet.ranged[agent] ?? 0;
    const [claim, room, surplus, cut] = [this.#claim, this.#room, this.#surplus, this.#cut];
    let guaranteed = stage === "fair";
    let some = false;
    let whole = true;
    for (let slot = 0; slot < space.size; slot++) {
      const free = data[row + slot] ?? 0;
      cut[slot] = 0;
      if (free === 0) continue;
      const unit = (ranged & (1 << slot)) === 0 ? 1 : 1000;
      let first = 0;
      if (stage === "guaranteed") {
        first = floorTo(Math.min(free, claim[slot] ?? 0, room[slot] ?? 0), unit);
        guaranteed ||= first > 0;
      }
      const more = Math.min(free - first, (room[slot] ?? 0) - first, surplus[slot] ?? 0);
      const all = first + floorTo(more, unit);
      cut[slot] = all;
      some ||= all > 0;
      whole &&= all === free;
    }
    if (!guaranteed || !some) return undefined;
    if (whole) return this.whole(agent);
    const open = Quantities.of(space.names.map((name, slot) => [name, cut[slot] ?? 0]));
    return this.#make(available.shrinkTo(open), open);
  }

  #byAlgebra(
    agent: number,
    digest: AgentDigest,
    role: RoleNode,
    stage: Stage,
    mask: number,
    given: Resources | undefined,
  ): Offering | undefined {
    const reachable = this.#reachable(agent, role.path, mask, given);
    if (reachable.isEmpty) return undefined;
    const open = digest.plain ? reachable : openPart(reachable);
    const cut = stage === "guaranteed" ? this.#cutToGuarantees(open) : this.#cutToQuota(open);
    if (cut === undefined) return undefined;
    const resources = cut === open ? reachable : reachable.subtract(open).add(cut);
    return resources.isEmpty ? undefined : this.#make(resources, cut.quantities());
  }

  /** Stage 1 of Mesos: what the guarantees lack, and of the rest what limits and headroom allow, so that the offer is of use. */
  #cutToGuarantees(open: Resources): Resources | undefined {
    const room = this.#limits(this.#room);
    const guaranteed = open.shrinkTo(this.#quantities(this.#claim)).shrinkWithin(room);
    if (guaranteed.isEmpty) return undefined;
    const rest = open.subtract(guaranteed);
    const more = rest
      .shrinkWithin(room.subtract(guaranteed.quantities()))
      .shrinkWithin(this.#limits(this.#surplus));
    return more.equals(rest) ? open : guaranteed.add(more);
  }

  #cutToQuota(open: Resources): Resources {
    const bounds = this.#limits(this.#room).min(this.#limits(this.#surplus));
    return bounds.allow(open.quantities()) ? open : open.shrinkWithin(bounds);
  }

  #quantities(amounts: Float64Array): Quantities {
    return Quantities.of(this.#books.space.names.map((name, slot) => [name, amounts[slot] ?? 0]));
  }

  #limits(amounts: Float64Array): Limits {
    return Limits.of(
      this.#books.space.names
        .map((name, slot) => [name, amounts[slot] ?? 0] as const)
        .filter(([, milli]) => Number.isFinite(milli)),
    );
  }
}

/** Who reaches the same reservations and sees as much is offered the same. Undefined for more reservations than bits. */
function sightOf(digest: AgentDigest, role: string, mask: number): number | undefined {
  const { reservedTo } = digest;
  if (reservedTo.length > MOST_RESERVATIONS) return undefined;
  let bits = 0;
  reservedTo.forEach((reserved, i) => {
    if (role === reserved || isStrictSubroleOf(role, reserved)) bits |= 1 << i;
  });
  return bits * MASKS + mask;
}

function floorTo(amount: number, unit: number): number {
  if (amount <= 0) return 0;
  return unit === 1 ? amount : Math.floor(amount / unit) * unit;
}
