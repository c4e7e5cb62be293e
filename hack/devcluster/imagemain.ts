import { Command } from "commander";
import { open } from "./devcluster.ts";
import { ClusterError } from "./failure.ts";
import { buildProjectImage, buildTaskImage } from "./image.ts";
import { ensurePackages } from "./packages.ts";
import { sayToTerminal as say, step } from "./progress.ts";

const program = new Command("hack/image")
  .description(
    "Build the project's images as archives, without Docker; prints a line for each: tag, content tag, archive.",
  )
  .option("--load <cluster>", "import them on every node of that cluster")
  .action(async ({ load }: { load?: string }) => {
    await ensurePackages("image", say);
    const images = await step(say, "images built", () =>
      Promise.all([buildProjectImage(), buildTaskImage()]),
    );
    if (load !== undefined) {
      const cluster = await open(load, say);
      await step(say, `images loaded into cluster ${load}`, async () => {
        for (const { archive } of images) await cluster.loadImage(archive);
      });
    }
    for (const { names, archive } of images) process.stdout.write(`${names.join(" ")} ${archive}\n`);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof ClusterError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
