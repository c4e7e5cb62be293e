import { spawn } from "node:child_process";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { Compression } from "./archiveKind.ts";
import { FetchError } from "./errors.ts";

/** Node has no bzip2 and no xz; the agent's image has these programs (busybox's will do). They only turn bytes into bytes. */
const PROGRAMS = { bzip2: "bzip2", xz: "xz" } as const;

/** The content of a compressed stream; its errors come out of the returned one. */
export function decompress(input: Readable, compression: Compression): Readable {
  switch (compression) {
    case "none":
      return input;
    case "gzip": {
      const output = createGunzip();
      pipeline(input, output).catch((error) => output.destroy(error));
      return output;
    }
    default:
      return throughProgram(input, PROGRAMS[compression]);
  }
}

function throughProgram(input: Readable, program: string): Readable {
  const output = new PassThrough();
  const child = spawn(program, ["-dc"], { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (said.length < 500) said += text;
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", (cause) => reject(new FetchError(`${program} cannot be run`, { cause })));
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new FetchError(`${program} failed: ${said.trim() || `status ${code}`}`));
    });
  });
  output.once("close", () => child.kill("SIGKILL"));
  // The program says better than a broken pipe what is wrong.
  const fed = pipeline(input, child.stdin).catch((error) => {
    if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  });
  child.stdout.pipe(output, { end: false });
  Promise.all([ended, fed]).then(
    () => output.end(),
    (error) => output.destroy(error),
  );
  return output;
}
