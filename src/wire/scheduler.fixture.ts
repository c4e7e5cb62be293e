/** Each call and each event of the Mesos scheduler API, by hand in both encodings, after include/mesos/v1/scheduler/scheduler.proto. */
import { double, type Fields } from "./fieldnumbers.fixture.ts";
import { grown, shrunk } from "./volumes.fixture.ts";

/** A call without its framework_id. */
export interface WrittenCall {
  readonly type: string;
  readonly json: object;
  readonly fields: Fields;
}

export interface WrittenEvent {
  readonly type: string;
  /** As it is told, byte for byte. */
  readonly json: string;
  readonly fields: Fields;
}

export const UUID = Buffer.from("00112233445546778899aabbccddeeff", "hex");
const uuid = UUID.toString("base64");
const filters = { filters: { refuse_seconds: 2.5 } };
const constraints = {
  role_constraints: {
    eng: {
      groups: [
        {
          attribute_constraints: [
            { selector: { attribute_name: "rack" }, predicate: { text_equals: { value: "a" } } },
          ],
        },
      ],
    },
  },
};
const constraintFields = { 1: { 1: "eng", 2: { 1: { 1: { 1: { 2: "rack" }, 2: { 3: { 1: "a" } } } } } } };
const MULTI_ROLE = 6;

/** @param id of the framework that is to be changed */
export const writtenCalls = (id: string): readonly WrittenCall[] => [
  {
    type: "SUBSCRIBE",
    json: {
      subscribe: {
        framework_info: {
          user: "",
          name: "by hand",
          id: { value: id },
          failover_timeout: 0.5,
          checkpoint: true,
          capabilities: [{ type: "MULTI_ROLE" }],
          labels: { labels: [{ key: "k", value: "v" }] },
          roles: ["eng", "ops"],
        },
        suppressed_roles: ["ops"],
        offer_constraints: constraints,
      },
    },
    fields: {
      2: 1,
      3: {
        1: {
          1: "",
          2: "by hand",
          3: { 1: id },
          4: double(0.5),
          5: true,
          10: { 1: MULTI_ROLE },
          11: { 1: { 1: "k", 2: "v" } },
          12: ["eng", "ops"],
        },
        2: "ops",
        3: constraintFields,
      },
    },
  },
  {
    type: "ACCEPT",
    json: {
      accept: {
        offer_ids: [{ value: "o1" }, { value: "o2" }],
        operations: [
          {
            type: "LAUNCH",
            launch: {
              task_infos: [
                {
                  name: "n",
                  task_id: { value: "by-hand" },
                  agent_id: { value: "a" },
                  resources: [{ name: "cpus", type: "SCALAR", scalar: { value: 0.5 } }],
                  command: { value: "true", shell: true },
                  data: "/wA=",
                },
              ],
            },
          },
          { type: "GROW_VOLUME", id: { value: "g" }, grow_volume: grown.json },
          { type: "SHRINK_VOLUME", id: { value: "s" }, shrink_volume: shrunk.json },
        ],
        ...filters,
      },
    },
    fields: {
      2: 3,
      4: {
        1: [{ 1: "o1" }, { 1: "o2" }],
        2: [
          {
            1: 1,
            2: {
              1: {
                1: "n",
                2: { 1: "by-hand" },
                3: { 1: "a" },
                4: { 1: "cpus", 2: 0, 3: { 1: double(0.5) } },
                6: Buffer.from([255, 0]),
                7: { 3: "true", 6: true },
              },
            },
          },
          { 1: 11, 12: { 1: "g" }, 13: { 1: grown.fields[0], 2: grown.fields[1] } },
          { 1: 12, 12: { 1: "s" }, 14: { 1: shrunk.fields[0], 2: shrunk.fields[1] } },
        ],
        3: { 1: double(2.5) },
      },
    },
  },
  {
    type: "DECLINE",
    json: { decline: { offer_ids: [{ value: "o1" }], ...filters } },
    fields: { 2: 4, 5: { 1: { 1: "o1" }, 2: { 1: double(2.5) } } },
  },
  {
    type: "ACCEPT_INVERSE_OFFERS",
    json: { accept_inverse_offers: { inverse_offer_ids: [{ value: "i1" }], ...filters } },
    fields: { 2: 13, 13: { 1: { 1: "i1" }, 2: { 1: double(2.5) } } },
  },
  {
    type: "DECLINE_INVERSE_OFFERS",
    json: { decline_inverse_offers: { inverse_offer_ids: [{ value: "i1" }], ...filters } },
    fields: { 2: 14, 14: { 1: { 1: "i1" }, 2: { 1: double(2.5) } } },
  },
  { type: "REVIVE", json: { revive: { roles: ["eng"] } }, fields: { 2: 5, 15: { 1: "eng" } } },
  { type: "SUPPRESS", json: { suppress: { roles: ["eng"] } }, fields: { 2: 12, 16: { 1: "eng" } } },
  {
    type: "KILL",
    json: {
      kill: {
        task_id: { value: "t" },
        agent_id: { value: "a" },
        kill_policy: { grace_period: { nanoseconds: 3_000_000_000 } },
      },
    },
    fields: { 2: 6, 6: { 1: { 1: "t" }, 2: { 1: "a" }, 3: { 1: { 1: 3_000_000_000 } } } },
  },
  {
    type: "SHUTDOWN",
    json: { shutdown: { executor_id: { value: "e" }, agent_id: { value: "a" } } },
    fields: { 2: 7, 7: { 1: { 1: "e" }, 2: { 1: "a" } } },
  },
  {
    type: "ACKNOWLEDGE",
    json: { acknowledge: { agent_id: { value: "a" }, task_id: { value: "t" }, uuid } },
    fields: { 2: 8, 8: { 1: { 1: "a" }, 2: { 1: "t" }, 3: UUID } },
  },
  {
    type: "ACKNOWLEDGE_OPERATION_STATUS",
    json: {
      acknowledge_operation_status: {
        agent_id: { value: "a" },
        resource_provider_id: { value: "p" },
        uuid,
        operation_id: { value: "o" },
      },
    },
    fields: { 2: 15, 17: { 1: { 1: "a" }, 2: { 1: "p" }, 3: UUID, 4: { 1: "o" } } },
  },
  {
    type: "RECONCILE",
    json: { reconcile: { tasks: [{ task_id: { value: "t" }, agent_id: { value: "a" } }] } },
    fields: { 2: 9, 9: { 1: { 1: { 1: "t" }, 2: { 1: "a" } } } },
  },
  {
    type: "RECONCILE_OPERATIONS",
    json: {
      reconcile_operations: { operations: [{ operation_id: { value: "o" }, agent_id: { value: "a" } }] },
    },
    fields: { 2: 16, 18: { 1: { 1: { 1: "o" }, 2: { 1: "a" } } } },
  },
  {
    type: "MESSAGE",
    json: { message: { agent_id: { value: "a" }, executor_id: { value: "e" }, data: "/wAK" } },
    fields: { 2: 10, 10: { 1: { 1: "a" }, 2: { 1: "e" }, 3: Buffer.from([255, 0, 10]) } },
  },
  {
    type: "REQUEST",
    json: {
      request: {
        requests: [
          { agent_id: { value: "a" }, resources: [{ name: "cpus", type: "SCALAR", scalar: { value: 2 } }] },
        ],
      },
    },
    fields: { 2: 11, 11: { 1: { 1: { 1: "a" }, 2: { 1: "cpus", 2: 0, 3: { 1: double(2) } } } } },
  },
  {
    type: "UPDATE_FRAMEWORK",
    json: {
      update_framework: {
        framework_info: {
          user: "",
          name: "by hand",
          id: { value: id },
          capabilities: [{ type: "MULTI_ROLE" }],
          roles: ["eng"],
        },
        suppressed_roles: ["eng"],
        offer_constraints: constraints,
      },
    },
    fields: {
      2: 17,
      19: {
        1: { 1: "", 2: "by hand", 3: { 1: id }, 10: { 1: MULTI_ROLE }, 12: "eng" },
        2: "eng",
        3: constraintFields,
      },
    },
  },
  { type: "TEARDOWN", json: {}, fields: { 2: 2 } },
];

const cpus = '{"name":"cpus","type":"SCALAR","scalar":{"value":1.5},"allocation_info":{"role":"eng"}}';
const cpuFields = { 1: "cpus", 2: 0, 3: { 1: double(1.5) }, 11: { 1: "eng" } };

export const WRITTEN_EVENTS: readonly WrittenEvent[] = [
  {
    type: "SUBSCRIBED",
    json: '"subscribed":{"framework_id":{"value":"f"},"heartbeat_interval_seconds":15}',
    fields: { 1: 1, 2: { 1: { 1: "f" }, 2: double(15) } },
  },
  {
    type: "OFFERS",
    json: `"offers":{"offers":[{"id":{"value":"o"},"framework_id":{"value":"f"},"agent_id":{"value":"a"},"hostname":"h","resources":[${cpus}],"executor_ids":[{"value":"e"}],"allocation_info":{"role":"eng"}}]}`,
    fields: {
      1: 2,
      3: {
        1: {
          1: { 1: "o" },
          2: { 1: "f" },
          3: { 1: "a" },
          4: "h",
          5: cpuFields,
          6: { 1: "e" },
          10: { 1: "eng" },
        },
      },
    },
  },
  {
    type: "INVERSE_OFFERS",
    json: '"inverse_offers":{"inverse_offers":[{"id":{"value":"i"},"framework_id":{"value":"f"},"agent_id":{"value":"a"},"unavailability":{"start":{"nanoseconds":1893456000000000000},"duration":{"nanoseconds":60000000000}}}]}',
    fields: {
      1: 9,
      9: {
        1: {
          1: { 1: "i" },
          3: { 1: "f" },
          4: { 1: "a" },
          5: { 1: { 1: 1_893_456_000_000_000_000n }, 2: { 1: 60_000_000_000 } },
        },
      },
    },
  },
  { type: "RESCIND", json: '"rescind":{"offer_id":{"value":"o"}}', fields: { 1: 3, 4: { 1: { 1: "o" } } } },
  {
    type: "RESCIND_INVERSE_OFFER",
    json: '"rescind_inverse_offer":{"inverse_offer_id":{"value":"i"}}',
    fields: { 1: 10, 10: { 1: { 1: "i" } } },
  },
  {
    type: "UPDATE",
    json: `"update":{"status":{"task_id":{"value":"t"},"state":"TASK_RUNNING","message":"m","source":"SOURCE_EXECUTOR","data":"/wA=","agent_id":{"value":"a"},"executor_id":{"value":"e"},"timestamp":1.25,"uuid":"${uuid}","healthy":false}}`,
    fields: {
      1: 4,
      5: {
        1: {
          1: { 1: "t" },
          2: 1,
          3: Buffer.from([255, 0]),
          4: "m",
          5: { 1: "a" },
          6: double(1.25),
          7: { 1: "e" },
          8: false,
          9: 2,
          11: UUID,
        },
      },
    },
  },
  {
    type: "UPDATE_OPERATION_STATUS",
    json: `"update_operation_status":{"status":{"operation_id":{"value":"o"},"state":"OPERATION_FINISHED","uuid":{"value":"${uuid}"},"agent_id":{"value":"a"}}}`,
    fields: { 1: 11, 11: { 1: { 1: { 1: "o" }, 2: 2, 5: { 1: UUID }, 6: { 1: "a" } } } },
  },
  {
    type: "MESSAGE",
    json: '"message":{"agent_id":{"value":"a"},"executor_id":{"value":"e"},"data":"/wAK"}',
    fields: { 1: 5, 6: { 1: { 1: "a" }, 2: { 1: "e" }, 3: Buffer.from([255, 0, 10]) } },
  },
  {
    type: "FAILURE",
    json: '"failure":{"agent_id":{"value":"a"},"executor_id":{"value":"e"},"status":-1}',
    fields: { 1: 6, 7: { 1: { 1: "a" }, 2: { 1: "e" }, 3: -1 } },
  },
  { type: "ERROR", json: '"error":{"message":"no"}', fields: { 1: 7, 8: { 1: "no" } } },
  { type: "HEARTBEAT", json: "", fields: { 1: 8 } },
];

export const callInJson = ({ type, json }: WrittenCall, framework: string): string =>
  JSON.stringify({ framework_id: { value: framework }, type, ...json });

export const callInFields = ({ fields }: WrittenCall, framework: string): Fields => ({
  1: { 1: framework },
  ...fields,
});
