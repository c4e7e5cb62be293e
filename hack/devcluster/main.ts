import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { Command } from "commander";
import { binaryDirs, ensureBinaries } from "./binaries.ts";
import { Cluster, down } from "./cluster.ts";
import { ClusterError } from "./failure.ts";
import { PROGRAM_NAMES } from "./programs.ts";
import { sayToTerminal as say, step } from "./progress.ts";
import { kubeconfigPath, listClusters, readPlan, requirePlan } from "./statedir.ts";
import { daemonProcess, printStatus } from "./status.ts";

interface Named {
  readonly name: string;
}

const print = (text: string) => process.stdout.write(`${text}\n`);

/** Runs a program in this terminal and takes over its exit code. */
function attach(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const [file = "", ...args] = argv;
  return new Promise((done, reject) => {
    const child = spawn(file, args, { stdio: "inherit", env });
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
  .option("--nodes <n>", "how many nodes", Number, 3)
  .action(async ({ name, nodes }: Named & { nodes: number }) => {
    const begin = performance.now();
    await Cluster.up({ name, nodes }, say);
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    say(`cluster ${name} is up with ${nodes} nodes after ${seconds} s; next:`);
    say(`  eval "$(hack/cluster env --name ${name})" && kubectl get nodes`);
  });

command("down", "remove the cluster and everything it made").action(async ({ name }: Named) => {
  const plan = readPlan(name);
  if (plan === undefined) return say(`there is no cluster ${name}`);
  await step(say, `cluster ${name} is down`, () => down(plan));
});

command("status", "say what runs; exit code 1 unless all does").action(async ({ name }: Named) => {
  const cluster = await Cluster.open(name, say);
  if (!(await printStatus(cluster, print))) process.exitCode = 1;
});

program
  .command("list")
  .description("names of the clusters on this machine")
  .action(() => {
    for (const name of listClusters()) print(name);
  });

command("kubeconfig", "print the path of the administrator's kubeconfig").action(({ name }: Named) => {
  requirePlan(name);
  print(kubeconfigPath(name));
});

command("env", "print KUBECONFIG and PATH for the shell to eval").action(async ({ name }: Named) => {
  requirePlan(name);
  const dirs = binaryDirs(await ensureBinaries(PROGRAM_NAMES, say));
  print(`export KUBECONFIG='${kubeconfigPath(name)}'`);
  print(`export PATH='${dirs.join(":")}':"$PATH"`);
});

command("load <archive...>", "import image archives on every node, for pods").action(
  async (archives: string[], { name }: Named) => {
    const cluster = await Cluster.open(name, say);
    for (const archive of archives) await cluster.loadImage(resolve(archive));
  },
);

command(
  "node <node> <command...>",
  "run a command on a node, in its network and with its files; put -- before it",
).action(async (node: string, argv: string[], { name }: Named) => {
  const cluster = await Cluster.open(name, say);
  const entered = cluster.node(node);
  await attach([...entered.enter(), ...argv], { ...process.env, ...entered.environment });
});

command(
  "kill <what> [daemon]",
  "SIGKILL kubelet, containerd or kube-proxy of a node, or e.g. apiserver",
).action(async (what: string, daemon: string | undefined, { name }: Named) => {
  const cluster = await Cluster.open(name, say);
  await cluster.processes.kill(daemonProcess(cluster, what, daemon));
});

command("start [what] [daemon]", "start again what does not run").action(
  async (_what: string | undefined, _daemon: string | undefined, { name }: Named) => {
    await (await Cluster.open(name, say)).start(say);
  },
);

program
  .command("build")
  .description("build the programs into the cache and print their folders")
  .action(async () => {
    for (const dir of binaryDirs(await ensureBinaries(PROGRAM_NAMES, say))) print(dir);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof ClusterError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
