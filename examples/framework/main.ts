// A framework that keeps a number of equal tasks going, for as long as it is offered room for them.
//   node --conditions=mesos-source examples/framework/main.ts --name batch --role dev --parallel 8 --total 20
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import {
  isTerminal,
  OfferGoneError,
  parseResources,
  type Scheduler,
  SchedulerDriver,
} from "mesos-operator/framework";
import { Progress } from "./demand.ts";

const { values } = parseArgs({
  options: {
    name: { type: "string", default: "batch" },
    namespace: { type: "string" },
    role: { type: "string", default: "dev" },
    each: { type: "string", default: "cpus:0.1;mem:32" },
    parallel: { type: "string", default: "10" },
    total: { type: "string", default: "Infinity" },
    command: { type: "string", default: "echo $MESOS_TASK_ID on $HOSTNAME; sleep 10" },
  },
});

const progress = new Progress({
  name: values.name,
  each: parseResources(values.each),
  parallel: Number(values.parallel),
  total: Number(values.total),
  command: values.command,
});
const nextId = (): string => `${values.name}-${randomUUID().slice(0, 8)}`;

const scheduler: Scheduler = {
  async registered(driver, id) {
    console.log(`${values.name}: registered as ${id}`);
    await driver.reconcile();
  },

  async resourceOffers(driver, offers) {
    for (const offer of offers) {
      const tasks = progress.fill(offer.resources.unreserved(), nextId);
      try {
        if (tasks.length > 0) await driver.launch(offer, tasks, { refuse: "1s" });
        else await driver.decline(offer, { refuse: "5s" });
      } catch (error) {
        // Taken back before the answer arrived: nothing was launched, so the tasks are wanted again.
        if (!(error instanceof OfferGoneError)) throw error;
        for (const task of tasks) progress.end(task.taskId ?? "", false);
      }
    }
  },

  async statusUpdate(driver, update) {
    if (!isTerminal(update.state)) {
      progress.adopt(update.taskId);
      return;
    }
    progress.end(update.taskId, update.state === "TASK_FINISHED");
    console.log(`${values.name}: ${update.taskId} ${update.state} (${progress})`);
    if (progress.finished) await driver.teardown();
  },

  disconnected: (_driver, reason) => console.log(`${values.name}: disconnected: ${reason}`),
  error: (_driver, error) => console.error(`${values.name}: ${error.message}`),
};

const driver = await SchedulerDriver.connect(scheduler, {
  name: values.name,
  roles: [values.role],
  ...(values.namespace === undefined ? {} : { namespace: values.namespace }),
});
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => driver.stop());
await driver.run();
