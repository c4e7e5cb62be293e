/** One line of the text format: its labels and its value. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of one metric in the text that Prometheus scrapes. */
export function samples(text: string, metric: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    if (!line.startsWith(`${metric}{`) && !line.startsWith(`${metric} `)) return [];
    const labels = Object.fromEntries(
      Array.from(line.matchAll(/([a-zA-Z_]+)="((?:[^"\\]|\\.)*)"/g), ([, name = "", value = ""]) => [
        name,
        value,
      ]),
    );
    return [{ labels, value: Number(line.slice(line.lastIndexOf(" ") + 1)) }];
  });
}
