/** Each call, answer and event of the Mesos master's operator API, by hand in both encodings, after include/mesos/v1/master/master.proto. */
import { double } from "./fieldnumbers.fixture.ts";
import { COMMON_CALLS, COMMON_RESPONSES, none, task, taskFields } from "./operators.fixture.ts";
import type { Written } from "./written.fixture.ts";

const agent = '"agent_id":{"value":"no-such"}';
const agentFields = { 1: { 1: "no-such" } };
const disk =
  '{"name":"disk","type":"SCALAR","scalar":{"value":8},"reservations":[{"type":"DYNAMIC","role":"eng","principal":"p"}],"disk":{"persistence":{"id":"v","principal":"p"},"volume":{"mode":"RW","container_path":"data"}}}';
const diskFields = {
  1: "disk",
  2: 0,
  3: { 1: double(8) },
  13: { 4: 2, 3: "eng", 1: "p" },
  7: { 1: { 1: "v", 2: "p" }, 2: { 1: "data", 3: 1 } },
};
const cpus =
  '{"name":"cpus","type":"SCALAR","scalar":{"value":1.5},"reservations":[{"type":"DYNAMIC","role":"eng","principal":"p"}]}';
const cpusFields = { 1: "cpus", 2: 0, 3: { 1: double(1.5) }, 13: { 4: 2, 3: "eng", 1: "p" } };
const machine = '{"hostname":"no-such"}';
const machineFields = { 1: "no-such" };
const schedule = `{"windows":[{"machine_ids":[${machine}],"unavailability":{"start":{"nanoseconds":1893456000000000000},"duration":{"nanoseconds":60000000000}}}]}`;
const scheduleFields = {
  1: { 1: machineFields, 2: { 1: { 1: 1_893_456_000_000_000_000n }, 2: { 1: 60_000_000_000 } } },
};

export const WRITTEN_CALLS: readonly Written[] = [
  ...COMMON_CALLS,
  none("GET_STATE", 9),
  none("GET_AGENTS", 10),
  none("GET_FRAMEWORKS", 11),
  none("GET_EXECUTORS", 12),
  none("GET_OPERATIONS", 33),
  none("GET_TASKS", 13),
  none("GET_ROLES", 14),
  none("GET_WEIGHTS", 15),
  {
    type: "UPDATE_WEIGHTS",
    json: '"update_weights":{"weight_infos":[{"weight":2.5,"role":"by-hand"}]}',
    fields: { 1: 16, 6: { 1: { 1: double(2.5), 2: "by-hand" } } },
  },
  none("GET_MASTER", 17),
  none("SUBSCRIBE", 18),
  {
    type: "RESERVE_RESOURCES",
    json: `"reserve_resources":{${agent},"source":[${cpus}],"resources":[${cpus}]}`,
    fields: { 1: 19, 7: { ...agentFields, 3: cpusFields, 2: cpusFields } },
  },
  {
    type: "UNRESERVE_RESOURCES",
    json: `"unreserve_resources":{${agent},"resources":[${cpus}]}`,
    fields: { 1: 20, 8: { ...agentFields, 2: cpusFields } },
  },
  {
    type: "CREATE_VOLUMES",
    json: `"create_volumes":{${agent},"volumes":[${disk}]}`,
    fields: { 1: 21, 9: { ...agentFields, 2: diskFields } },
  },
  {
    type: "DESTROY_VOLUMES",
    json: `"destroy_volumes":{${agent},"volumes":[${disk}]}`,
    fields: { 1: 22, 10: { ...agentFields, 2: diskFields } },
  },
  {
    type: "GROW_VOLUME",
    json: `"grow_volume":{${agent},"volume":${disk},"addition":${cpus}}`,
    fields: { 1: 34, 18: { ...agentFields, 2: diskFields, 3: cpusFields } },
  },
  {
    type: "SHRINK_VOLUME",
    json: `"shrink_volume":{${agent},"volume":${disk},"subtract":{"value":1}}`,
    fields: { 1: 35, 19: { ...agentFields, 2: diskFields, 3: { 1: double(1) } } },
  },
  none("GET_MAINTENANCE_STATUS", 23),
  none("GET_MAINTENANCE_SCHEDULE", 24),
  {
    type: "UPDATE_MAINTENANCE_SCHEDULE",
    json: `"update_maintenance_schedule":{"schedule":${schedule}}`,
    fields: { 1: 25, 11: { 1: scheduleFields } },
  },
  {
    type: "START_MAINTENANCE",
    json: `"start_maintenance":{"machines":[${machine}]}`,
    fields: { 1: 26, 12: { 1: machineFields } },
  },
  {
    type: "STOP_MAINTENANCE",
    json: `"stop_maintenance":{"machines":[${machine}]}`,
    fields: { 1: 27, 13: { 1: machineFields } },
  },
  {
    type: "DRAIN_AGENT",
    json: `"drain_agent":{${agent},"max_grace_period":{"seconds":3,"nanos":5},"mark_gone":false}`,
    fields: { 1: 37, 21: { ...agentFields, 2: { 1: 3, 2: 5 }, 3: false } },
  },
  { type: "DEACTIVATE_AGENT", json: `"deactivate_agent":{${agent}}`, fields: { 1: 38, 22: agentFields } },
  { type: "REACTIVATE_AGENT", json: `"reactivate_agent":{${agent}}`, fields: { 1: 39, 23: agentFields } },
  none("GET_QUOTA", 28),
  {
    type: "UPDATE_QUOTA",
    json: '"update_quota":{"force":true,"quota_configs":[{"role":"by-hand","guarantees":{"cpus":{"value":0.5}},"limits":{"cpus":{"value":1.5}}}]}',
    fields: {
      1: 36,
      20: {
        1: true,
        2: { 1: "by-hand", 2: { 1: "cpus", 2: { 1: double(0.5) } }, 3: { 1: "cpus", 2: { 1: double(1.5) } } },
      },
    },
  },
  {
    type: "SET_QUOTA",
    json: '"set_quota":{"quota_request":{"force":true,"role":"by-hand","guarantee":[{"name":"cpus","type":"SCALAR","scalar":{"value":0.5}}]}}',
    fields: {
      1: 29,
      14: { 1: { 1: true, 2: "by-hand", 3: { 1: "cpus", 2: 0, 3: { 1: double(0.5) } } } },
    },
  },
  {
    type: "REMOVE_QUOTA",
    json: '"remove_quota":{"role":"by-hand"}',
    fields: { 1: 30, 15: { 1: "by-hand" } },
  },
  {
    type: "TEARDOWN",
    json: '"teardown":{"framework_id":{"value":"no-such"}}',
    fields: { 1: 31, 16: { 1: { 1: "no-such" } } },
  },
  { type: "MARK_AGENT_GONE", json: `"mark_agent_gone":{${agent}}`, fields: { 1: 32, 17: agentFields } },
];

const framework =
  '{"framework_info":{"user":"u","name":"n","failover_timeout":0.5,"checkpoint":true},"active":true,"connected":false,"recovered":false,"registered_time":{"nanoseconds":1000}}';
const frameworkFields = {
  1: { 1: "u", 2: "n", 4: double(0.5), 5: true },
  2: true,
  3: false,
  11: false,
  4: { 1: 1000 },
};
const known =
  '{"agent_info":{"hostname":"h","port":5051,"id":{"value":"a"}},"active":true,"deactivated":false,"version":"1.12.0","pid":"slave(1)@10.0.0.1:5051"}';
const knownFields = {
  1: { 1: "h", 8: 5051, 6: { 1: "a" } },
  2: true,
  12: false,
  3: "1.12.0",
  4: "slave(1)@10.0.0.1:5051",
};
const executors = '{"executors":[{"executor_info":{"executor_id":{"value":"e"}},"agent_id":{"value":"a"}}]}';
const executorsFields = { 1: { 1: { 1: { 1: "e" } }, 2: { 1: "a" } } };
const tasks = `{"tasks":[${task}],"unreachable_tasks":[${task}],"completed_tasks":[${task}]}`;
const tasksFields = { 2: taskFields, 5: taskFields, 3: taskFields };
const state = `{"get_tasks":${tasks},"get_executors":${executors},"get_frameworks":{"frameworks":[${framework}]},"get_agents":{"agents":[${known}]}}`;
const stateFields = { 1: tasksFields, 2: executorsFields, 3: { 1: frameworkFields }, 4: { 1: knownFields } };

/** The status of an operation that has finished. */
const endedFields = { 1: { 1: "o" }, 2: 2, 5: { 1: Buffer.from([1, 2]) }, 6: { 1: "a" } };

export const WRITTEN_RESPONSES: readonly Written[] = [
  ...COMMON_RESPONSES,
  { type: "GET_STATE", json: `"get_state":${state}`, fields: { 1: 8, 9: stateFields } },
  {
    type: "GET_AGENTS",
    json: `"get_agents":{"agents":[${known}]}`,
    fields: { 1: 9, 10: { 1: knownFields } },
  },
  {
    type: "GET_FRAMEWORKS",
    json: `"get_frameworks":{"frameworks":[${framework}],"completed_frameworks":[${framework}]}`,
    fields: { 1: 10, 11: { 1: frameworkFields, 2: frameworkFields } },
  },
  { type: "GET_EXECUTORS", json: `"get_executors":${executors}`, fields: { 1: 11, 12: executorsFields } },
  {
    type: "GET_OPERATIONS",
    json: '"get_operations":{"operations":[{"framework_id":{"value":"f"},"agent_id":{"value":"a"},"info":{"type":"RESERVE","id":{"value":"o"}},"latest_status":{"operation_id":{"value":"o"},"state":"OPERATION_FINISHED","uuid":{"value":"AQI="},"agent_id":{"value":"a"}},"statuses":[{"operation_id":{"value":"o"},"state":"OPERATION_FINISHED","uuid":{"value":"AQI="},"agent_id":{"value":"a"}}],"uuid":{"value":"/wAK"}}]}',
    fields: {
      1: 19,
      20: {
        1: {
          1: { 1: "f" },
          2: { 1: "a" },
          3: { 1: 2, 12: { 1: "o" } },
          4: endedFields,
          5: endedFields,
          6: { 1: Buffer.from([255, 0, 10]) },
        },
      },
    },
  },
  { type: "GET_TASKS", json: `"get_tasks":${tasks}`, fields: { 1: 12, 13: tasksFields } },
  {
    type: "GET_ROLES",
    json: '"get_roles":{"roles":[{"name":"eng","weight":2.5,"frameworks":[{"value":"f"}]}]}',
    fields: { 1: 13, 14: { 1: { 1: "eng", 2: double(2.5), 3: { 1: "f" } } } },
  },
  {
    type: "GET_WEIGHTS",
    json: '"get_weights":{"weight_infos":[{"weight":2.5,"role":"eng"}]}',
    fields: { 1: 14, 15: { 1: { 1: double(2.5), 2: "eng" } } },
  },
  {
    type: "GET_MASTER",
    json: '"get_master":{"master_info":{"id":"m","ip":16777343,"port":5050},"start_time":1.5,"elected_time":2.5}',
    fields: { 1: 15, 16: { 1: { 1: "m", 2: 16_777_343, 3: 5050 }, 2: double(1.5), 3: double(2.5) } },
  },
  {
    type: "GET_MAINTENANCE_STATUS",
    json: `"get_maintenance_status":{"status":{"draining_machines":[{"id":${machine}}],"down_machines":[${machine}]}}`,
    fields: { 1: 16, 17: { 1: { 1: { 1: machineFields }, 2: machineFields } } },
  },
  {
    type: "GET_MAINTENANCE_SCHEDULE",
    json: `"get_maintenance_schedule":{"schedule":${schedule}}`,
    fields: { 1: 17, 18: { 1: scheduleFields } },
  },
  {
    type: "GET_QUOTA",
    json: '"get_quota":{"status":{"configs":[{"role":"eng","limits":{"cpus":{"value":1.5}}}]}}',
    fields: { 1: 18, 19: { 1: { 2: { 1: "eng", 3: { 1: "cpus", 2: { 1: double(1.5) } } } } } },
  },
];

export const WRITTEN_EVENTS: readonly Written[] = [
  {
    type: "SUBSCRIBED",
    json: `"subscribed":{"get_state":${state},"heartbeat_interval_seconds":15}`,
    fields: { 1: 1, 2: { 1: stateFields, 2: double(15) } },
  },
  { type: "TASK_ADDED", json: `"task_added":{"task":${task}}`, fields: { 1: 2, 3: { 1: taskFields } } },
  {
    type: "TASK_UPDATED",
    json: '"task_updated":{"framework_id":{"value":"f"},"status":{"task_id":{"value":"t"},"state":"TASK_RUNNING"},"state":"TASK_RUNNING"}',
    fields: { 1: 3, 4: { 1: { 1: "f" }, 2: { 1: { 1: "t" }, 2: 1 }, 3: 1 } },
  },
  { type: "AGENT_ADDED", json: `"agent_added":{"agent":${known}}`, fields: { 1: 4, 5: { 1: knownFields } } },
  {
    type: "AGENT_REMOVED",
    json: '"agent_removed":{"agent_id":{"value":"a"}}',
    fields: { 1: 5, 6: { 1: { 1: "a" } } },
  },
  {
    type: "FRAMEWORK_ADDED",
    json: `"framework_added":{"framework":${framework}}`,
    fields: { 1: 6, 7: { 1: frameworkFields } },
  },
  {
    type: "FRAMEWORK_UPDATED",
    json: `"framework_updated":{"framework":${framework}}`,
    fields: { 1: 7, 8: { 1: frameworkFields } },
  },
  {
    type: "FRAMEWORK_REMOVED",
    json: '"framework_removed":{"framework_info":{"user":"u","name":"n","failover_timeout":0.5,"checkpoint":true}}',
    fields: { 1: 8, 9: { 1: { 1: "u", 2: "n", 4: double(0.5), 5: true } } },
  },
  none("HEARTBEAT", 9),
];
