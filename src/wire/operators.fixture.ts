/** What the operator APIs of Mesos's master and agent have in common, with the same numbers in both of their protos. */
import { double } from "./fieldnumbers.fixture.ts";
import type { Written } from "./written.fixture.ts";

/** A call that has nothing but its type. */
export const none = (type: string, number: number): Written => ({ type, json: "", fields: { 1: number } });

export const COMMON_CALLS: readonly Written[] = [
  none("GET_HEALTH", 1),
  none("GET_FLAGS", 2),
  none("GET_VERSION", 3),
  {
    type: "GET_METRICS",
    json: '"get_metrics":{"timeout":{"nanoseconds":5000000000}}',
    fields: { 1: 4, 2: { 1: { 1: 5_000_000_000 } } },
  },
  none("GET_LOGGING_LEVEL", 5),
  {
    type: "SET_LOGGING_LEVEL",
    json: '"set_logging_level":{"level":0,"duration":{"nanoseconds":1000000}}',
    fields: { 1: 6, 3: { 1: 0, 2: { 1: 1_000_000 } } },
  },
  { type: "LIST_FILES", json: '"list_files":{"path":"/no"}', fields: { 1: 7, 4: { 1: "/no" } } },
  {
    type: "READ_FILE",
    json: '"read_file":{"path":"/no","offset":1,"length":2}',
    fields: { 1: 8, 5: { 1: "/no", 2: 1, 3: 2 } },
  },
];

export const COMMON_RESPONSES: readonly Written[] = [
  { type: "GET_HEALTH", json: '"get_health":{"healthy":true}', fields: { 1: 1, 2: { 1: true } } },
  {
    type: "GET_FLAGS",
    json: '"get_flags":{"flags":[{"name":"port","value":"5051"}]}',
    fields: { 1: 2, 3: { 1: { 1: "port", 2: "5051" } } },
  },
  {
    type: "GET_VERSION",
    json: '"get_version":{"version_info":{"version":"1.12.0"}}',
    fields: { 1: 3, 4: { 1: { 1: "1.12.0" } } },
  },
  {
    type: "GET_METRICS",
    json: '"get_metrics":{"metrics":[{"name":"slave/cpus_total","value":2.5}]}',
    fields: { 1: 4, 5: { 1: { 1: "slave/cpus_total", 2: double(2.5) } } },
  },
  { type: "GET_LOGGING_LEVEL", json: '"get_logging_level":{"level":1}', fields: { 1: 5, 6: { 1: 1 } } },
  {
    type: "LIST_FILES",
    json: '"list_files":{"file_infos":[{"path":"/s/stdout","nlink":1,"size":5,"mtime":{"nanoseconds":1000},"mode":33188,"uid":"root","gid":"root"}]}',
    fields: {
      1: 6,
      7: { 1: { 1: "/s/stdout", 2: 1, 3: 5, 4: { 1: 1000 }, 5: 33_188, 6: "root", 7: "root" } },
    },
  },
  {
    type: "READ_FILE",
    json: '"read_file":{"size":3,"data":"/wAK"}',
    fields: { 1: 7, 8: { 1: 3, 2: Buffer.from([255, 0, 10]) } },
  },
];

export const task =
  '{"name":"n","task_id":{"value":"t"},"framework_id":{"value":"f"},"agent_id":{"value":"a"},"state":"TASK_RUNNING"}';
export const taskFields = { 1: "n", 2: { 1: "t" }, 3: { 1: "f" }, 5: { 1: "a" }, 6: 1 };
