/**
 * An executor made with the npm package mesos-framework, as somebody would write one: each task runs for as long as it is let, or for as
 * many milliseconds as its data says, or writes its name into its volume and tells all that is there; a message is sent back in capitals.
 * The package sends no token, does not subscribe again by itself, and has never heard of LAUNCH_GROUP.
 */
const { appendFileSync, existsSync, readFileSync } = require("node:fs");
const { randomUUID } = require("node:crypto");
const http = require("node:http");
const Executor = require("mesos-framework/lib/executor.js");

const AGAIN = 500;
const tasks = new Map();
const unacknowledged = new Map();

const bytes = (uuid) => Buffer.from(uuid.replaceAll("-", ""), "hex").toString("base64");

function tell(task, state, message = "") {
  const uuid = bytes(randomUUID());
  const status = {
    task_id: task.task_id,
    executor_id: executor.executorId,
    state,
    message,
    source: "SOURCE_EXECUTOR",
    timestamp: Date.now() / 1000,
    data: Buffer.from(`${state} ${process.pid}`).toString("base64"),
    uuid,
  };
  unacknowledged.set(uuid, status);
  executor.update(status);
}

function end(id, state, message) {
  const task = tasks.get(id);
  if (task === undefined) return;
  tasks.delete(id);
  clearTimeout(task.timer);
  tell(task.info, state, message);
}

function begin(task) {
  const id = task.task_id.value;
  console.log(`launch ${id}`);
  const data = Buffer.from(task.data ?? "", "base64").toString();
  const ms = Number(data);
  const timer = ms > 0 ? setTimeout(() => end(id, "TASK_FINISHED"), ms) : undefined;
  tasks.set(id, { info: task, timer });
  tell(task, "TASK_RUNNING", `${process.env.MESOS_EXECUTOR_ID} runs it`);
  if (data === "journal") end(id, "TASK_FINISHED", journal(id));
}

/** The volume, if there is one. */
function journal(id) {
  const folder = `${process.env.MESOS_SANDBOX}/journal`;
  if (!existsSync(folder)) return "no volume";
  appendFileSync(`${folder}/page`, `${id} `);
  return readFileSync(`${folder}/page`, "utf8");
}

const executor = new Executor({
  handlers: {
    SUBSCRIBED: (_event) => {
      console.log("subscribed");
      for (const status of unacknowledged.values()) executor.update(status);
    },
    LAUNCH: ({ task }) => begin(task),
    KILL: ({ task_id }) => {
      console.log(`kill ${task_id.value}`);
      end(task_id.value, "TASK_KILLED");
    },
    ACKNOWLEDGED: ({ uuid }) => unacknowledged.delete(uuid),
    MESSAGE: ({ data }) => executor.message(Buffer.from(data, "base64").toString().toUpperCase()),
    ERROR: (event) => console.log(`error ${JSON.stringify(event)}`),
    SHUTDOWN: (_event) => {
      console.log("shutdown");
      for (const id of [...tasks.keys()]) end(id, "TASK_KILLED");
      setTimeout(() => process.exit(0), AGAIN);
    },
  },
});
executor.customEventHandlers.LAUNCH_GROUP = ({ task_group: { tasks } }) => {
  console.log(`group ${tasks.map(({ task_id }) => task_id.value).join(" ")}`);
  tasks.forEach(begin);
};
executor.requestTemplate.headers.Authorization = `Bearer ${process.env.MESOS_EXECUTOR_AUTHENTICATION_TOKEN}`;

// The package does not notice a stream that breaks off: it is looked after here.
let again;
const subscribe = () => {
  clearTimeout(again);
  again = setTimeout(() => executor.subscribe(), AGAIN);
};
const { request } = http;
http.request = (options, answered) =>
  request(options, (response) => {
    if (response.statusCode === 200) response.once("close", subscribe);
    answered(response);
  });
executor.on("error", (error) => {
  console.log(`trouble: ${error.message ?? error}`);
  if (/ECONNREFUSED|ECONNRESET/.test(error.message ?? "")) subscribe();
});
executor.subscribe();
