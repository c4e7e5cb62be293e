import { describe, expect, it } from "vitest";
import { operatorConfig } from "../../config/operator.ts";
import { formatResources, parseResources } from "../../resources/index.ts";
import { agent, metadata, task } from "../objects.fixture.ts";
import { agentView, withRoomFor } from "./agentview.ts";
import { holdings } from "./holdings.ts";

const room = (total: string, taken: string, offerable: string) =>
  formatResources(withRoomFor(parseResources(total), parseResources(taken), parseResources(offerable)));

describe("what of an agent may be allocated", () => {
  it("is all of it while the node has it", () => {
    expect(room("cpus:4;mem:100", "cpus:1;mem:10", "cpus:4;mem:100")).toBe("cpus:4;mem:100");
  });

  it("never makes held and free together more than the node has", () => {
    // A reservation in use lies where other Pods have taken the room: nothing else is free.
    expect(room("cpus(eng):3", "cpus(eng):2", "cpus:2")).toBe("cpus(eng):2");
    expect(room("cpus:1;cpus(eng):3", "cpus(eng):3", "cpus:4")).toBe("cpus:1;cpus(eng):3");
    expect(room("cpus:2", "cpus:3", "cpus:2")).toBe("cpus:3");
  });

  it("counts each amount by itself", () => {
    expect(room("cpus:4;mem:100", "cpus:5;mem:10", "cpus:4;mem:100")).toBe("cpus:5;mem:100");
  });
});

describe("what a task holds", () => {
  it("is as it was allocated", () => {
    const allocated = [
      { name: "cpus", scalar: 1, reservations: [{ type: "DYNAMIC" as const, role: "eng" }] },
    ];
    const held = holdings(task("t", { resources: [{ name: "cpus", quantity: "1" }], allocated }));
    expect(held.reserved("eng").scalarQuantities().get("cpus")).toBe(1000);
  });

  it("is what was asked for when it says that it was given less", () => {
    const held = holdings(
      task("t", { resources: [{ name: "cpus", scalar: 2 }], allocated: [{ name: "cpus", scalar: 1 }] }),
    );
    expect(formatResources(held)).toBe("cpus:2");
  });

  it("is nothing where it cannot be read", () => {
    const held = holdings(task("t", { resources: [{ name: "disk", scalar: 1, disk: {} }] }));
    expect(held.isEmpty).toBe(true);
  });
});

describe("an agent with a task that has it for itself", () => {
  const withheld = (spec: Parameters<typeof task>[1]) => {
    const view = agentView(
      {
        agent: agent(),
        executors: [],
        node: {
          metadata: metadata("n1"),
          spec: {},
          status: {
            allocatable: { cpu: "4", memory: "8Gi" },
            conditions: [{ type: "Ready", status: "True" }],
          },
        },
        pods: [
          {
            metadata: metadata("mesos-slot-n1", { namespace: "mesos-system" }),
            spec: { nodeName: "n1", containers: [{ name: "slot" }] },
            status: {
              phase: "Running",
              containerStatuses: [
                {
                  name: "slot",
                  image: "",
                  imageID: "",
                  ready: true,
                  restartCount: 0,
                  state: { running: {} },
                },
              ],
            },
          },
        ],
        lease: "fresh",
        tasks: [task("t", { agent: "n1", ...spec })],
        offers: [],
        reservations: [],
        frozen: false,
      },
      operatorConfig.parse({}),
    );
    return view.state.withheld;
  };
  const alone = { attribute: "HOSTNAME", operator: "Exclusive" as const };

  it("is offered to nobody while the task is there", () => {
    expect(withheld({})).toBeUndefined();
    expect(withheld({ constraints: [alone] })).toBe("Exclusive");
    expect(withheld({ constraints: [{ ...alone, soft: true }] })).toBeUndefined();
  });
});
