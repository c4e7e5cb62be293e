/** Each call and each answer of the Mesos agent's operator API, by hand in both encodings, after include/mesos/v1/agent/agent.proto. */
import { double } from "./fieldnumbers.fixture.ts";
import { COMMON_CALLS, COMMON_RESPONSES, none, task, taskFields } from "./operators.fixture.ts";
import type { Written } from "./written.fixture.ts";

const inside = '{"value":"c","parent":{"value":"p"}}';
const insideFields = { 1: "c", 2: { 1: "p" } };
const id = `"container_id":${inside}`;
const provider = '{"type":"org.p","name":"p"}';
const providerFields = { 3: "org.p", 4: "p" };
/** A call that is about a container. */
const about = (type: string, number: number, field: number, more = "", fields = {}): Written => ({
  type,
  json: `"${type.toLowerCase()}":{${id}${more}}`,
  fields: { 1: number, [field]: { 1: insideFields, ...fields } },
});
const launch = (type: string, number: number, field: number): Written =>
  about(type, number, field, ',"command":{"shell":true,"value":"true"}', { 2: { 6: true, 3: "true" } });

export const WRITTEN_CALLS: readonly Written[] = [
  ...COMMON_CALLS,
  none("GET_STATE", 9),
  {
    type: "GET_CONTAINERS",
    json: '"get_containers":{"show_nested":true,"show_standalone":false}',
    fields: { 1: 10, 20: { 1: true, 2: false } },
  },
  none("GET_FRAMEWORKS", 11),
  none("GET_EXECUTORS", 12),
  none("GET_OPERATIONS", 31),
  none("GET_TASKS", 13),
  none("GET_AGENT", 20),
  none("GET_RESOURCE_PROVIDERS", 26),
  launch("LAUNCH_NESTED_CONTAINER", 14, 6),
  about("WAIT_NESTED_CONTAINER", 15, 7),
  about("KILL_NESTED_CONTAINER", 16, 8, ',"signal":15', { 2: 15 }),
  about("REMOVE_NESTED_CONTAINER", 21, 12),
  launch("LAUNCH_NESTED_CONTAINER_SESSION", 17, 9),
  {
    type: "ATTACH_CONTAINER_INPUT",
    json: `"attach_container_input":{"type":"CONTAINER_ID",${id}}`,
    fields: { 1: 18, 10: { 1: 1, 2: insideFields } },
  },
  about("ATTACH_CONTAINER_OUTPUT", 19, 11),
  launch("LAUNCH_CONTAINER", 22, 13),
  about("WAIT_CONTAINER", 23, 14),
  about("KILL_CONTAINER", 24, 15, ',"signal":9', { 2: 9 }),
  about("REMOVE_CONTAINER", 25, 16),
  {
    type: "ADD_RESOURCE_PROVIDER_CONFIG",
    json: `"add_resource_provider_config":{"info":${provider}}`,
    fields: { 1: 27, 17: { 1: providerFields } },
  },
  {
    type: "UPDATE_RESOURCE_PROVIDER_CONFIG",
    json: `"update_resource_provider_config":{"info":${provider}}`,
    fields: { 1: 28, 18: { 1: providerFields } },
  },
  {
    type: "REMOVE_RESOURCE_PROVIDER_CONFIG",
    json: '"remove_resource_provider_config":{"type":"org.p","name":"p"}',
    fields: { 1: 29, 19: { 1: "org.p", 2: "p" } },
  },
  {
    type: "MARK_RESOURCE_PROVIDER_GONE",
    json: '"mark_resource_provider_gone":{"resource_provider_id":{"value":"p"}}',
    fields: { 1: 32, 22: { 1: { 1: "p" } } },
  },
  {
    type: "PRUNE_IMAGES",
    json: '"prune_images":{"excluded_images":[{"type":"DOCKER","docker":{"name":"i"},"cached":true}]}',
    fields: { 1: 30, 21: { 1: { 1: 2, 3: { 1: "i" }, 4: true } } },
  },
];

const tasks = `{"launched_tasks":[${task}],"completed_tasks":[${task}]}`;
const tasksFields = { 3: taskFields, 5: taskFields };
const executors = '{"executors":[{"executor_info":{"executor_id":{"value":"e"}}}]}';
const executorsFields = { 1: { 1: { 1: { 1: "e" } } } };
const frameworks =
  '{"frameworks":[{"framework_info":{"user":"u","name":"n","failover_timeout":0.5,"checkpoint":true}}]}';
const frameworksFields = { 1: { 1: { 1: "u", 2: "n", 4: double(0.5), 5: true } } };
const ended = '{"exit_status":256,"state":"TASK_FAILED","message":"m"}';
const endedFields = { 1: 256, 2: 3, 5: "m" };

export const WRITTEN_RESPONSES: readonly Written[] = [
  ...COMMON_RESPONSES,
  {
    type: "GET_STATE",
    json: `"get_state":{"get_tasks":${tasks},"get_executors":${executors},"get_frameworks":${frameworks}}`,
    fields: { 1: 8, 9: { 1: tasksFields, 2: executorsFields, 3: frameworksFields } },
  },
  {
    type: "GET_CONTAINERS",
    json: `"get_containers":{"containers":[{"framework_id":{"value":"f"},"executor_id":{"value":"e"},"executor_name":"n","container_id":${inside},"container_status":{"executor_pid":42},"resource_statistics":{"timestamp":1.5,"mem_limit_bytes":33554432}}]}`,
    fields: {
      1: 9,
      10: {
        1: {
          1: { 1: "f" },
          2: { 1: "e" },
          3: "n",
          4: insideFields,
          5: { 3: 42 },
          6: { 1: double(1.5), 6: 33_554_432 },
        },
      },
    },
  },
  { type: "GET_FRAMEWORKS", json: `"get_frameworks":${frameworks}`, fields: { 1: 10, 11: frameworksFields } },
  { type: "GET_EXECUTORS", json: `"get_executors":${executors}`, fields: { 1: 11, 12: executorsFields } },
  {
    type: "GET_OPERATIONS",
    json: '"get_operations":{"operations":[{"framework_id":{"value":"f"},"agent_id":{"value":"a"},"info":{"type":"RESERVE"},"latest_status":{"state":"OPERATION_FINISHED"},"uuid":{"value":"/wAK"}}]}',
    fields: {
      1: 17,
      18: {
        1: { 1: { 1: "f" }, 2: { 1: "a" }, 3: { 1: 2 }, 4: { 2: 2 }, 6: { 1: Buffer.from([255, 0, 10]) } },
      },
    },
  },
  { type: "GET_TASKS", json: `"get_tasks":${tasks}`, fields: { 1: 12, 13: tasksFields } },
  {
    type: "GET_AGENT",
    json: '"get_agent":{"agent_info":{"hostname":"h","port":5051,"id":{"value":"a"}}}',
    fields: { 1: 14, 15: { 1: { 1: "h", 8: 5051, 6: { 1: "a" } } } },
  },
  {
    type: "GET_RESOURCE_PROVIDERS",
    json: `"get_resource_providers":{"resource_providers":[{"resource_provider_info":${provider}}]}`,
    fields: { 1: 16, 17: { 1: { 1: providerFields } } },
  },
  {
    type: "WAIT_NESTED_CONTAINER",
    json: `"wait_nested_container":${ended}`,
    fields: { 1: 13, 14: endedFields },
  },
  { type: "WAIT_CONTAINER", json: `"wait_container":${ended}`, fields: { 1: 15, 16: endedFields } },
];

/** What comes on the stream of a process, and goes to it. */
export const WRITTEN_IO: readonly Written[] = [
  {
    type: "DATA",
    json: '"data":{"type":"STDOUT","data":"/wAK"}',
    fields: { 1: 1, 2: { 1: 2, 2: Buffer.from([255, 0, 10]) } },
  },
  {
    type: "CONTROL",
    json: '"control":{"type":"TTY_INFO","tty_info":{"window_size":{"rows":24,"columns":80}},"heartbeat":{"interval":{"nanoseconds":30000000000}}}',
    fields: { 1: 2, 3: { 1: 1, 2: { 1: { 1: 24, 2: 80 } }, 3: { 1: { 1: 30_000_000_000 } } } },
  },
];
