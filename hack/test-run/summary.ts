interface Assertion {
  readonly fullName: string;
  readonly status: "passed" | "failed" | "skipped" | "pending" | "todo" | "disabled";
}

interface SuiteReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly Assertion[];
  }[];
}

interface CheckReport {
  readonly check: string;
  readonly ok: boolean;
}

export type Report = SuiteReport | CheckReport;

/** Counts tests and whole checks; a test file that failed without a failed test counts as one failure. */
export function summarize(reports: readonly Report[]): { failures: string[]; line: string; ok: boolean } {
  let passed = 0;
  let skipped = 0;
  const failures: string[] = [];
  for (const report of reports) {
    if ("check" in report) {
      if (report.ok) passed += 1;
      else failures.push(report.check);
      continue;
    }
    for (const file of report.testResults) {
      const failed = file.assertionResults.filter((test) => test.status === "failed");
      passed += file.assertionResults.filter((test) => test.status === "passed").length;
      skipped += file.assertionResults.length - failed.length;
      skipped -= file.assertionResults.filter((test) => test.status === "passed").length;
      failures.push(...failed.map((test) => `${file.name}: ${test.fullName}`));
      if (file.status === "failed" && failed.length === 0) failures.push(`${file.name}: did not run`);
    }
  }
  const ok = failures.length === 0 && passed > 0;
  return { failures, line: `${passed} passed, ${failures.length} failed, ${skipped} skipped`, ok };
}
