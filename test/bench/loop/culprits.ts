import { readFileSync } from "node:fs";

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** As V8 writes it (.cpuprofile). Times are microseconds of the monotonic clock. */
interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface Share {
  readonly what: string;
  readonly ms: number;
}

/** A part of a profile by what was on the stack: each function counts once a sample, however deep. */
export class Culprits {
  readonly #profile: Profile;
  readonly #nodes = new Map<number, ProfileNode>();
  readonly #parents = new Map<number, number>();

  constructor(path: string) {
    this.#profile = JSON.parse(readFileSync(path, "utf8")) as Profile;
    for (const node of this.#profile.nodes) {
      this.#nodes.set(node.id, node);
      for (const child of node.children ?? []) this.#parents.set(child, node.id);
    }
  }

  /** @param end microseconds; `ms` the length of the turn that ended then */
  between(end: number, ms: number, most: number): Share[] {
    const times = new Map<string, number>();
    const { startTime, samples, timeDeltas } = this.#profile;
    let at = startTime;
    for (const [index, sample] of samples.entries()) {
      const delta = timeDeltas[index] ?? 0;
      at += delta;
      if (at < end - ms * 1000 || at > end) continue;
      for (const what of this.#stack(sample)) times.set(what, (times.get(what) ?? 0) + delta / 1000);
    }
    return [...times]
      .map(([what, time]) => ({ what, ms: Math.round(time) }))
      .sort((a, b) => b.ms - a.ms)
      .slice(0, most);
  }

  #stack(sample: number): Set<string> {
    const found = new Set<string>();
    for (let id: number | undefined = sample; id !== undefined; id = this.#parents.get(id)) {
      const { functionName, url, lineNumber } = this.#nodes.get(id)?.callFrame ?? {};
      if (functionName === "(root)" || functionName === undefined) continue;
      const file = url?.split("/").at(-1) ?? "";
      found.add(`${functionName || "(anonymous)"} ${file}:${(lineNumber ?? 0) + 1}`);
    }
    return found;
  }
}

/** `node culprits.ts FILE.cpuprofile`, lines of the benchmark on stdin: what ran in the longest turns of each. */
if (import.meta.main) {
  const [path = "", most = "25"] = process.argv.slice(2);
  const culprits = new Culprits(path);
  for (const text of readFileSync(0, "utf8").split("\n")) {
    if (!text.startsWith("{")) continue;
    const { phase, longest = [] } = JSON.parse(text) as {
      phase?: string;
      longest?: { at: number; ms: number; cpuMs: number; gcMs: number }[];
    };
    for (const turn of longest) {
      const shares = culprits.between(turn.at, turn.ms, Number(most));
      if (shares.length > 0)
        console.log(
          JSON.stringify({ phase, ...turn }),
          shares.map(({ what, ms }) => `\n  ${ms} ${what}`).join(""),
        );
    }
  }
}
