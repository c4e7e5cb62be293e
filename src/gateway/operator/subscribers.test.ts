import { describe, expect, it } from "vitest";
import { ManualClock } from "../../cluster/manual-clock.ts";
import { decode } from "../../wire/codec.ts";
import { enumName } from "../../wire/enums.ts";
import { Event_TypeSchema, EventSchema } from "../../wire/gen/mesos/v1/master/master_pb.ts";
import type { Encoding } from "../../wire/media.ts";
import { Renderings } from "../state/renderings.ts";
import { agentRemoved } from "./events.ts";
import { Subscribers } from "./subscribers.ts";

/** Takes whatever it is told. */
class Listener {
  readonly told: string[] = [];
  open = true;
  readonly #encoding: Encoding;
  readonly #end = Promise.withResolvers<"ended">();
  readonly closed = this.#end.promise;

  constructor(encoding: Encoding = "json") {
    this.#encoding = encoding;
  }

  write(record: Uint8Array): boolean {
    const { type } = decode(this.#encoding, EventSchema, record, "Event");
    this.told.push(enumName(Event_TypeSchema, type));
    return true;
  }

  end(): void {
    this.open = false;
    this.#end.resolve("ended");
  }

  overrun(): void {
    this.end();
  }
}

function scene(most = 1000) {
  const clock = new ManualClock();
  const none = { registered: [], recovered: [], unreachable: [] };
  const state = {
    agents: () => none,
    registered: () => undefined,
    frameworks: () => [],
    completed: () => [],
    offers: () => [],
  };
  const renderings = new Renderings(clock);
  const subscribers = new Subscribers({ clock, state, renderings, heartbeat: 15_000, most });
  return { clock, subscribers };
}

const removed = () => [agentRemoved("n1")];

describe("subscribers", () => {
  it("are told how things stand, then what changed meanwhile, then what changes", async () => {
    const { clock, subscribers } = scene();
    const [one, two] = [new Listener(), new Listener("protobuf")];
    const told = Promise.all([subscribers.subscribe(one, "json"), subscribers.subscribe(two, "protobuf")]);
    // The moment of the first one's state has come, its text is still being made.
    await Promise.resolve();
    subscribers.tell(removed);
    await clock.advance(1);
    await told;
    subscribers.tell(removed);
    expect(one.told).toEqual(["SUBSCRIBED", "HEARTBEAT", "AGENT_REMOVED", "AGENT_REMOVED"]);
    expect(two.told.slice(0, 2)).toEqual(["SUBSCRIBED", "HEARTBEAT"]);
    expect(two.told.at(-1)).toBe("AGENT_REMOVED");
  });

  it("beyond the most drop the oldest", async () => {
    const { clock, subscribers } = scene(1);
    const [one, two] = [new Listener(), new Listener()];
    await subscribers.subscribe(one, "json");
    const second = subscribers.subscribe(two, "json");
    await clock.advance(1_000);
    await second;
    expect([one.open, two.open, subscribers.size]).toEqual([false, true, 1]);
  });

  it("hear a heartbeat in time, until they leave", async () => {
    const { clock, subscribers } = scene();
    const one = new Listener();
    await subscribers.subscribe(one, "json");
    await clock.advance(15_000);
    expect(one.told.at(-1)).toBe("HEARTBEAT");
    expect(one.told).toHaveLength(3);
    one.end();
    await clock.advance(30_000);
    expect(one.told).toHaveLength(3);
    expect(subscribers.size).toBe(0);
  });

  it("that are none cost nothing", () => {
    const { subscribers } = scene();
    subscribers.tell(() => {
      throw new Error("made for nobody");
    });
  });
});
