/**
 * What the operator remembers, and how long it keeps its event loop: its caches, views, mirror, engine and allocation loop, fed with
 * the events of a cluster's watches. `npm run bench:events`; JSON lines on stdout.
 */
import {
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from "node:perf_hooks";
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Life } from "./life.ts";
import { createFeeds, Mirror } from "./mirror.ts";
import { agent, framework, lease, node, slot } from "./objects.ts";
import { slope } from "./slope.ts";
import { Turns } from "./turns.ts";

const USAGE = `npm run bench:events -- [flags]
  --agents N      (1000)
  --frameworks N  (50)
  --running N     tasks at a time (as many as agents, 10000 at most)
  --events N      as fast as they go: the heap after each tenth of them, and its slope (1000000)
  --rate N        instead, so many events a second: how long the event loop is held up
  --seconds N     for which that is measured (30)`;

const { values } = parseArgs({
  options: {
    agents: { type: "string", default: "1000" },
    frameworks: { type: "string", default: "50" },
    running: { type: "string" },
    events: { type: "string", default: "1000000" },
    rate: { type: "string", default: "0" },
    seconds: { type: "string", default: "30" },
    help: { type: "boolean", default: false },
  },
});

const agents = Number(values.agents);
const frameworks = Number(values.frameworks);
const running = Number(values.running ?? Math.min(10_000, agents));
const MAX_OFFERS = Math.max(16, Math.ceil(2_000 / frameworks));
/** Events told before the mirror has its turn. */
const BATCH = 200;
const MIB = 2 ** 20;
const tenth = (value: number): number => Math.round(value * 10) / 10;
const print = (line: object): void => console.log(JSON.stringify(line));

const feeds = createFeeds();
const all = Array.from({ length: agents }, (_, index) => index);
feeds.nodes.begin(all.map(node));
feeds.agents.begin(all.map(agent));
feeds.leases.begin(all.map(lease));
feeds.pods.begin(all.map((index) => slot(index, 0)));
const made = feeds.frameworks.begin(
  Array.from({ length: frameworks }, (_, i) => framework(`framework-${i}`, `role-${i % 10}`, MAX_OFFERS)),
);
const mirror = new Mirror(feeds, MAX_OFFERS);
const life = new Life(feeds, mirror.scheduling, { agents, running, maxOffers: MAX_OFFERS }, made, () =>
  mirror.now(),
);

/** Lets the mirror take what was told. */
async function drain(): Promise<void> {
  do await turn();
  while (Object.values(feeds).some((feed) => feed.waiting > 0));
}

/** Works until so many events were told. */
async function tellUntil(count: number): Promise<void> {
  while (life.told < count) {
    const before = life.told;
    while (life.told < before + BATCH && life.step());
    // A task's life is some fifteen events; an agent renews its Lease the more often the less it does.
    if (life.told === before) await delay(5);
    life.heartbeat();
    await drain();
  }
}

/** What lives, and what the process takes for it: before and after a collection, of which V8 keeps pages for what comes. */
function heap(): Record<string, number> {
  const before = process.memoryUsage();
  global.gc?.();
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
  const mib = (bytes: number) => tenth(bytes / MIB);
  return {
    ...{ heapMiB: mib(heapUsed), heapTotalMiB: mib(heapTotal), externalMiB: mib(external), rssMiB: mib(rss) },
    ...{ beforeGcMiB: mib(before.heapUsed), rssBeforeGcMiB: mib(before.rss) },
  };
}

async function accelerated(events: number): Promise<void> {
  const points: [events: number, bytes: number][] = [];
  // Until as many tasks run as shall.
  while (life.running < running) await tellUntil(life.told + 1_000);
  const begun = life.told;
  for (let tenthPart = 0; tenthPart <= 10; tenthPart++) {
    await tellUntil(begun + (events / 10) * tenthPart);
    const now = heap();
    const told = life.told - begun;
    points.push([told, (now.heapMiB ?? 0) * MIB]);
    print({
      bench: "heap",
      agents,
      frameworks,
      running: life.running,
      events: told,
      launched: life.launched,
      ...now,
    });
  }
  // The first tenth is the compiler's.
  const bytesPerEvent = slope(points.slice(1));
  print({
    bench: "heap-slope",
    agents,
    bytesPerEvent: tenth(bytesPerEvent),
    perMillionMiB: tenth((bytesPerEvent * 1e6) / MIB),
  });
}

async function paced(rate: number, seconds: number): Promise<void> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  const pauses: { kind: number; ms: number }[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail, duration } = entry as PerformanceEntry & { readonly detail: { readonly kind: number } };
      pauses.push({ kind: detail.kind, ms: duration });
    }
  });
  // The first round offers everything there is; what follows is measured.
  await delay(5_000);
  observer.observe({ entryTypes: ["gc"] });
  histogram.enable();
  const turns = new Turns();
  const [cpu, loop] = [process.cpuUsage(), performance.eventLoopUtilization()];
  const [start, before] = [performance.now(), life.told];
  for (let due = 0; performance.now() - start < seconds * 1000; ) {
    due = ((performance.now() - start) / 1000) * rate;
    while (life.told - before < due) {
      // Agents renew every 15 s; the rest of the rate is what else happens.
      const heartbeats = (agents / 15 / rate) * (life.told - before);
      if (life.heartbeats < heartbeats || !life.step()) life.heartbeat();
    }
    await delay(5);
  }
  histogram.disable();
  const turnCpuMs = turns.stop();
  const used = process.cpuUsage(cpu);
  const ms = (quantile: number) => tenth(histogram.percentile(quantile) / 1e6);
  const majors = pauses.filter(({ kind }) => kind !== 1);
  const longest = (list: readonly { ms: number }[]) => tenth(Math.max(0, ...list.map((one) => one.ms)));
  print({
    bench: "loop",
    ...{ agents, frameworks, seconds, events: life.told - before, launched: life.launched },
    delayMs: { p50: ms(50), p99: ms(99), p999: ms(99.9), max: tenth(histogram.max / 1e6) },
    turnCpuMs,
    utilization: tenth(performance.eventLoopUtilization(loop).utilization * 100) / 100,
    cpuPerSecond: tenth((used.user + used.system) / 1e6 / seconds),
    gc: {
      minor: pauses.length - majors.length,
      major: majors.length,
      longestMs: longest(pauses),
      longestMajorMs: longest(majors),
    },
    ...heap(),
  });
}

async function main(): Promise<void> {
  if (values.help) return console.log(USAGE);
  const stop = new AbortController();
  const synced = Promise.withResolvers<void>();
  const ended = mirror.run(stop.signal, () => synced.resolve());
  await synced.promise;
  const rate = Number(values.rate);
  if (rate > 0) await paced(rate, Number(values.seconds));
  else await accelerated(Number(values.events));
  stop.abort();
  await ended;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
