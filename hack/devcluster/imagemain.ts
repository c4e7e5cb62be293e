import { Command } from "commander";
import { open } from "./devcluster.ts";
import { endWithMessage } from "./failure.ts";
import { buildProjectImage, buildTaskImage } from "./image.ts";
import { ensurePackages } from "./packages.ts";
import { sayToTerminal as say, step } from "./progress.ts";

const program = new Command("hack/image")
  .description(
    "Build the project's images as archives, without Docker; prints the content tag of each, the project's last.",
  )
  .option("--load", "import them on every node of a cluster")
  .option("--name <name>", "which cluster", "mesos")
  .action(async ({ load, name }: { load?: true; name: string }) => {
    await ensurePackages("image", say);
    const images = await step(say, "images built", () =>
      Promise.all([buildTaskImage(), buildProjectImage()]),
    );
    if (load === true) {
      const cluster = await open(name, say);
      await step(say, `images loaded into cluster ${name}`, async () => {
        for (const { archive } of images) await cluster.loadImage(archive);
      });
    }
    for (const { names, archive } of images) {
      say(`${names.join(", ")}: ${archive}`);
      process.stdout.write(`${names[1]}\n`);
    }
  });

await endWithMessage(program.parseAsync());
