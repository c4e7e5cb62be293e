import { parseArgs } from "node:util";
import { readInside, SandboxFileError } from "../agent/files/sandboxFile.ts";

// What `kubectl mesos logs` runs in the agent's Pod: files.js SANDBOX FILE [--tail BYTES] [--follow]
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { tail: { type: "string" }, follow: { type: "boolean", default: false } },
});
const [sandbox = "", file = "stdout"] = positionals;
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, () => stop.abort());
process.stdout.on("error", () => process.exit(0));

try {
  const options = {
    ...(values.tail === undefined ? {} : { tail: Number(values.tail) }),
    ...(values.follow ? { follow: stop.signal } : {}),
  };
  for await (const chunk of readInside(sandbox, file, options)) {
    if (!process.stdout.write(chunk)) await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
} catch (error) {
  if (!(error instanceof SandboxFileError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
