import { parseArgs } from "node:util";
import { hasEnded } from "../../src/api/taskstate.ts";
import { tasks } from "../../src/client/handles.ts";
import { Connection } from "../../src/cluster/connection.ts";
import { createLogger } from "../../src/cluster/logger.ts";
import { Reflector } from "../../src/cluster/reflector.ts";

// Prints each status update of one Task as it comes; ends with the Task. Fails unless it FINISHED.
const { values } = parseArgs({
  options: {
    task: { type: "string", default: "hello" },
    namespace: { type: "string", default: "default" },
    seconds: { type: "string", default: "120" },
  },
});

const connection = await Connection.load({ userAgent: "mesos-operator-demo" });
const stop = new AbortController();
const tooLate = setTimeout(() => {
  console.error(
    `${values.task} has not ended in ${values.seconds} s: try 'kubectl describe tasks ${values.task}'.`,
  );
  process.exitCode = 1;
  stop.abort();
}, Number(values.seconds) * 1000);

const told = new Set<string>();
const reflector = new Reflector(tasks(connection), {
  namespace: values.namespace,
  fieldSelector: `metadata.name=${values.task}`,
  logger: createLogger({ name: "follow", level: "error" }),
});
reflector.onChange(({ type, object }) => {
  if (!told.has("staging")) {
    told.add("staging");
    console.log(`${object.metadata.creationTimestamp}  ${values.task}  TASK_STAGING`);
  }
  for (const update of object.status?.updates ?? []) {
    if (told.has(update.uuid)) continue;
    told.add(update.uuid);
    console.log(`${update.timestamp}  ${values.task}  ${update.state}  ${update.message ?? ""}`);
  }
  if (type !== "deleted" && !hasEnded(object.status)) return;
  if (object.status?.state !== "TASK_FINISHED") process.exitCode = 1;
  stop.abort();
});
await reflector.run(stop.signal);
clearTimeout(tooLate);
connection.close();
