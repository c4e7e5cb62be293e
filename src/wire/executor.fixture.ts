/** Each call and each event of the Mesos executor API, by hand in both encodings, after include/mesos/v1/executor/executor.proto. */
import { double } from "./fieldnumbers.fixture.ts";
import { textWith, type Written } from "./written.fixture.ts";

const UUID = Buffer.from("00112233445546778899aabbccddeeff", "hex");
const uuid = UUID.toString("base64");
const data = Buffer.from([255, 0, 10]);
const status = `{"task_id":{"value":"t"},"state":"TASK_RUNNING","source":"SOURCE_EXECUTOR","uuid":"${uuid}"}`;
const statusFields = { 1: { 1: "t" }, 2: 1, 9: 2, 11: UUID };
const task = '{"name":"n","task_id":{"value":"t"},"agent_id":{"value":"a"}}';
const taskFields = { 1: "n", 2: { 1: "t" }, 3: { 1: "a" } };

/** Who calls. */
export interface Caller {
  readonly framework: string;
  readonly executor: string;
}

export const writtenCalls = ({ framework, executor }: Caller): readonly Written[] => {
  const ids = { 1: { 1: executor }, 2: { 1: framework } };
  return [
    {
      type: "SUBSCRIBE",
      json: `"subscribe":{"unacknowledged_tasks":[${task}],"unacknowledged_updates":[{"status":${status}}]}`,
      fields: { ...ids, 3: 1, 4: { 1: taskFields, 2: { 1: statusFields } } },
    },
    {
      type: "UPDATE",
      json: `"update":{"status":${status}}`,
      fields: { ...ids, 3: 2, 5: { 1: statusFields } },
    },
    { type: "MESSAGE", json: '"message":{"data":"/wAK"}', fields: { ...ids, 3: 3, 6: { 2: data } } },
    { type: "HEARTBEAT", json: "", fields: { ...ids, 3: 4 } },
  ];
};

export const callText = ({ framework, executor }: Caller, call: Written): string =>
  textWith(`"executor_id":{"value":"${executor}"},"framework_id":{"value":"${framework}"}`, call);

export const WRITTEN_EVENTS: readonly Written[] = [
  {
    type: "SUBSCRIBED",
    json: '"subscribed":{"executor_info":{"executor_id":{"value":"e"},"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":0.1}}]},"framework_info":{"user":"u","name":"n","failover_timeout":0.5,"checkpoint":true},"agent_info":{"hostname":"h","port":5051,"id":{"value":"a"}},"container_id":{"value":"c"}}',
    fields: {
      1: 1,
      2: {
        1: { 1: { 1: "e" }, 5: { 1: "cpus", 2: 0, 3: { 1: double(0.1) } } },
        2: { 1: "u", 2: "n", 4: double(0.5), 5: true },
        3: { 1: "h", 8: 5051, 6: { 1: "a" } },
        4: { 1: "c" },
      },
    },
  },
  { type: "LAUNCH", json: `"launch":{"task":${task}}`, fields: { 1: 2, 4: { 1: taskFields } } },
  {
    type: "LAUNCH_GROUP",
    json: `"launch_group":{"task_group":{"tasks":[${task},${task}]}}`,
    fields: { 1: 8, 8: { 1: { 1: [taskFields, taskFields] } } },
  },
  {
    type: "KILL",
    json: '"kill":{"task_id":{"value":"t"},"kill_policy":{"grace_period":{"nanoseconds":3000000000}}}',
    fields: { 1: 3, 5: { 1: { 1: "t" }, 2: { 1: { 1: 3_000_000_000 } } } },
  },
  {
    type: "ACKNOWLEDGED",
    json: `"acknowledged":{"task_id":{"value":"t"},"uuid":"${uuid}"}`,
    fields: { 1: 4, 3: { 1: { 1: "t" }, 2: UUID } },
  },
  { type: "MESSAGE", json: '"message":{"data":"/wAK"}', fields: { 1: 5, 6: { 1: data } } },
  { type: "ERROR", json: '"error":{"message":"no"}', fields: { 1: 6, 7: { 1: "no" } } },
  { type: "SHUTDOWN", json: "", fields: { 1: 7 } },
  { type: "HEARTBEAT", json: "", fields: { 1: 9 } },
];
