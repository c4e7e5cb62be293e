import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { Command } from "commander";
import { binaryDirs, ensureBinaries } from "./binaries.ts";
import { down, open, up } from "./devcluster.ts";
import { ClusterError, endWithMessage } from "./failure.ts";
import { DEFAULT_NODES } from "./plan.ts";
import { LOCAL_PROGRAMS } from "./programs.ts";
import { sayToTerminal as say } from "./progress.ts";
import { listClusters, readPlan } from "./statedir.ts";

interface Named {
  readonly name: string;
}

const print = (text: string) => process.stdout.write(`${text}\n`);

/** Runs a program in this terminal and takes over its exit code. */
function attach(argv: readonly string[]): Promise<void> {
  const [file = "", ...args] = argv;
  return new Promise((done, reject) => {
    const child = spawn(file, args, { stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code) => {
      process.exitCode = code ?? 1;
      done();
    });
  });
}

const program = new Command("hack/cluster").description(
  "A Kubernetes cluster on this machine, for development and tests.",
);
const command = (usage: string, description: string) =>
  program.command(usage).description(description).option("--name <name>", "which cluster", "mesos");

command("up", "bring the cluster up, or what of it does not run")
  .option("--nodes <n>", `how many nodes (default: those it has, or ${DEFAULT_NODES})`, Number)
  .action(async ({ name, nodes: wanted }: Named & { nodes?: number }) => {
    const begin = performance.now();
    const nodes = wanted ?? readPlan(name)?.nodes.length ?? DEFAULT_NODES;
    await up({ name, nodes }, say).catch((cause: unknown) => {
      if (!(cause instanceof ClusterError)) throw cause;
      const hint = `What is there goes with 'hack/cluster down --name ${name}'; 'up' again carries on.`;
      throw new ClusterError(`${cause.message}\n${hint}`, { cause });
    });
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    say(`cluster ${name} is up with ${nodes} nodes after ${seconds} s; next:`);
    say(`  eval "$(hack/cluster env --name ${name})" && kubectl get nodes`);
  });

command("down", "remove the cluster and everything it made").action(async ({ name }: Named) => {
  const begin = performance.now();
  const was = await down(name, say);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  say(was ? `cluster ${name} is down after ${seconds} s` : `there is no cluster ${name}`);
});

command("status", "say what runs; exit code 1 unless all does").action(async ({ name }: Named) => {
  const cluster = await open(name, say);
  if (!(await cluster.status(print))) process.exitCode = 1;
});

program
  .command("list")
  .description("names of the clusters on this machine")
  .action(() => {
    for (const name of listClusters()) print(name);
  });

command("kubeconfig", "print the path of the administrator's kubeconfig").action(async ({ name }: Named) => {
  print((await open(name, say)).kubeconfig);
});

command("env", "print KUBECONFIG and PATH for the shell to eval").action(async ({ name }: Named) => {
  const cluster = await open(name, say);
  print(`export KUBECONFIG='${cluster.kubeconfig}'`);
  print(`export PATH='${cluster.programDirs.join(":")}':"$PATH"`);
});

command("load <archive...>", "import image archives on every node, for pods").action(
  async (archives: string[], { name }: Named) => {
    const cluster = await open(name, say);
    for (const archive of archives) await cluster.loadImage(resolve(archive));
  },
);

command(
  "node <node> <command...>",
  "run a command on a node, in its network and with its files; put -- before it",
).action(async (node: string, argv: string[], { name }: Named) => {
  const cluster = await open(name, say);
  await attach(cluster.commandOnNode(node, argv));
});

command(
  "kill <what> [daemon]",
  "SIGKILL: kubelet, containerd or kube-proxy of a node, or a node with all its pods, or e.g. apiserver",
).action(async (what: string, daemon: string | undefined, { name }: Named) => {
  const cluster = await open(name, say);
  await cluster.kill(what, daemon);
});

command("start [what] [daemon]", "start again what was killed, or all that does not run").action(
  async (what: string | undefined, daemon: string | undefined, { name }: Named) => {
    const cluster = await open(name, say);
    await (what === undefined ? cluster.startAll(say) : cluster.start(what, daemon));
  },
);

program
  .command("build")
  .description("build the programs into the cache and print their folders")
  .action(async () => {
    for (const dir of binaryDirs(await ensureBinaries(LOCAL_PROGRAMS, say))) print(dir);
  });

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
await endWithMessage(program.parseAsync());
