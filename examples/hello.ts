// A first framework: runs three tasks, prints what becomes of them, and leaves.
//   node --conditions=mesos-source examples/hello.ts
import {
  isTerminal,
  parseResources,
  type Scheduler,
  SchedulerDriver,
  type TaskInfo,
  toSpec,
} from "mesos-operator/framework";

const need = parseResources("cpus:0.1;mem:32");
let toLaunch = 3;
let running = toLaunch;

const scheduler: Scheduler = {
  registered: (_driver, id) => console.log(`registered as ${id}`),

  async resourceOffers(driver, offers) {
    for (const offer of offers) {
      const tasks: TaskInfo[] = [];
      let left = offer.resources.unreserved();
      while (toLaunch > 0 && left.contains(need)) {
        tasks.push({
          taskId: `hello.${toLaunch--}`,
          resources: toSpec(need),
          command: { value: "echo hello from $MESOS_TASK_ID on $HOSTNAME; sleep 3" },
        });
        left = left.subtract(need);
      }
      if (tasks.length > 0) await driver.launch(offer, tasks);
      else await driver.decline(offer, { refuse: "1h" });
    }
  },

  async statusUpdate(driver, update) {
    console.log(`${update.taskId} on ${update.agent}: ${update.state} ${update.message ?? ""}`);
    if (isTerminal(update.state) && --running === 0) await driver.teardown();
  },
};

const driver = await SchedulerDriver.connect(scheduler, { name: "hello", roles: ["dev"] });
await driver.run();
