import { expect, it } from "vitest";
import type { Lease } from "./core.ts";
import { Expiry } from "./expiry.ts";
import { ManualClock } from "./manual-clock.ts";
import type { Live } from "./object.ts";
import type { Watched } from "./reflector.ts";
import type { Change } from "./store.ts";

const lease = (name: string, renewTime: string, duration = 10): Live<Lease> => ({
  metadata: {
    name,
    namespace: "ns",
    uid: name,
    resourceVersion: renewTime,
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  spec: { holderIdentity: name, renewTime, leaseDurationSeconds: duration },
});

/** Leases as a reflector tells them, with a watch that breaks and opens when told. */
class Told {
  readonly clock = new ManualClock();
  readonly news: string[] = [];
  hasSynced = true;
  watching = true;
  #handler: (change: Change<Lease>) => void = () => {};
  #open: (blind: number) => void = () => {};
  #blindSince = 0;
  readonly expiry: Expiry;

  constructor(duration?: number) {
    const leases = {
      hasSynced: true,
      isWatching: () => this.watching,
      get watching() {
        return this.isWatching();
      },
      blindFor: () => (this.watching ? 0 : this.clock.monotonic() - this.#blindSince),
      onChange: (handler: (change: Change<Lease>) => void) => {
        this.#handler = handler;
        return () => {};
      },
      onOpen: (handler: (blind: number) => void) => {
        this.#open = handler;
        return () => {};
      },
    };
    this.expiry = new Expiry(leases as unknown as Watched<Lease>, {
      clock: this.clock,
      ...(duration !== undefined && { duration }),
    });
    this.expiry.onChange((key, state) => this.news.push(`${this.clock.monotonic()} ${key} ${state}`));
  }

  renew(...names: string[]): void {
    for (const name of names) {
      const object = lease(name, String(this.clock.monotonic()));
      this.#handler({ type: "updated", object, old: object });
    }
  }

  tell(object: Live<Lease>): void {
    this.#handler({ type: "updated", object, old: object });
  }

  delete(name: string): void {
    this.#handler({ type: "deleted", object: lease(name, "") });
  }

  break(): void {
    this.watching = false;
    this.#blindSince = this.clock.monotonic();
  }

  open(): void {
    const blind = this.clock.monotonic() - this.#blindSince;
    this.watching = true;
    this.#open(blind);
  }
}

it("has each lapse in its time after its last renewal", async () => {
  const told = new Told(100);
  told.renew("a", "b");
  await told.clock.advance(60);
  told.renew("a");
  await told.clock.advance(39);
  expect(told.news).toEqual(["0 ns/a fresh", "0 ns/b fresh"]);
  await told.clock.advance(1);
  expect(told.news.slice(2)).toEqual(["100 ns/b lapsed"]);
  await told.clock.advance(60);
  expect(told.news.slice(3)).toEqual(["160 ns/a lapsed"]);
  told.renew("b");
  expect(told.news.slice(4)).toEqual(["160 ns/b fresh"]);
});

it("does not take what is told again without a renewal for one", async () => {
  const told = new Told(100);
  told.renew("a");
  await told.clock.advance(90);
  told.tell(lease("a", "0"));
  await told.clock.advance(10);
  expect(told.expiry.state("ns/a")).toBe("lapsed");
});

it("counts no time in which nothing could be seen, and what was seen as the watch came back as seen then", async () => {
  const told = new Told(100);
  told.renew("a");
  await told.clock.advance(60);
  told.break();
  await told.clock.advance(500);
  expect(told.expiry.state("ns/a")).toBe("fresh");
  expect(told.expiry.age("ns/a")).toBe(60);
  // A list, before the watch stands.
  told.renew("b");
  await told.clock.advance(5);
  told.open();
  expect(told.expiry.age("ns/b")).toBe(0);
  await told.clock.advance(40);
  expect(told.news.slice(2)).toEqual(["605 ns/a lapsed"]);
  await told.clock.advance(59);
  expect(told.expiry.state("ns/b")).toBe("fresh");
  await told.clock.advance(1);
  expect(told.expiry.state("ns/b")).toBe("lapsed");
});

it("goes by each Lease's own duration where none is given, also when that changes", async () => {
  const told = new Told();
  told.tell(lease("long", "1", 30));
  told.tell(lease("short", "1", 5));
  told.tell(lease("changed", "1", 5));
  await told.clock.advance(4_000);
  told.tell(lease("changed", "1", 30));
  await told.clock.advance(1_000);
  expect(told.news.slice(3)).toEqual(["5000 ns/short lapsed"]);
  await told.clock.advance(25_000);
  expect(told.news.slice(4)).toEqual(["30000 ns/long lapsed"]);
  await told.clock.advance(4_000);
  expect(told.news.slice(5)).toEqual(["34000 ns/changed lapsed"]);
  expect(told.clock.pending).toBe(0);
});

it("forgets what was deleted, and has one without a holder lapse at once", async () => {
  const told = new Told(100);
  told.renew("a", "b");
  told.delete("a");
  told.tell({ ...lease("b", "1"), spec: { renewTime: "1" } });
  await told.clock.advance(200);
  expect(told.news.slice(2)).toEqual(["0 ns/a absent", "0 ns/b lapsed"]);
});
