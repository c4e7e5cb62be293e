import { describe, expect, it } from "vitest";
import type { Task, TaskTemplate } from "../../api/task.ts";
import type { Live } from "../../cluster/object.ts";
import { executor, list, offer, task } from "../objects.fixture.ts";
import { coming, isAccepted } from "./coming.ts";

const MI = 2 ** 20;
const none = () => ({ tasks: [], executors: [] });

const template = (resources: string): TaskTemplate => ({
  resources: list(resources),
  command: { shell: true, value: "true" },
});

const accepted = (...templates: TaskTemplate[]) =>
  offer("o", {
    resources: "cpus:4;mem:1024",
    response: { accept: { operations: [{ type: "LAUNCH", launch: { tasks: templates } }] } },
  });

const made = (index: number): Live<Task> =>
  task(`t${index}`, { offer: { name: "o", uid: "uid-o", operation: 0, index } });

describe("what is coming to a slot", () => {
  it("is what accepted launches ask for", () => {
    const offers = [accepted(template("cpus:0.5;mem:64"), template("cpus:1;mem:128"))];
    expect(coming(offers, none)).toEqual({ cpuMilli: 1500, memoryBytes: 192 * MI });
  });

  it("is not what has its Task already", () => {
    const offers = [accepted(template("cpus:0.5;mem:64"), template("cpus:1;mem:128"))];
    expect(coming(offers, () => ({ tasks: [made(0)], executors: [] }))).toEqual({
      cpuMilli: 1000,
      memoryBytes: 128 * MI,
    });
    expect(coming(offers, () => ({ tasks: [made(0), made(1)], executors: [] }))).toEqual({
      cpuMilli: 0,
      memoryBytes: 0,
    });
  });

  it("is executors too, until they are there", () => {
    const executors = [{ ...executor("x").spec, resources: list("cpus:0.5;mem:32") }];
    const response = {
      accept: {
        operations: [{ type: "LAUNCH" as const, launch: { tasks: [template("cpus:1;mem:128")], executors } }],
      },
    };
    const offers = [offer("o", { resources: "cpus:4;mem:1024", response })];
    expect(coming(offers, none)).toEqual({ cpuMilli: 1500, memoryBytes: 160 * MI });
    const there = executor("x", { offer: { name: "o", uid: "uid-o", operation: 0, index: 0 } });
    expect(coming(offers, () => ({ tasks: [], executors: [there] }))).toEqual({
      cpuMilli: 1000,
      memoryBytes: 128 * MI,
    });
  });

  it("is never more than was offered", () => {
    expect(coming([accepted(template("cpus:100;mem:64"))], none)).toEqual({
      cpuMilli: 4000,
      memoryBytes: 64 * MI,
    });
  });

  it("ends with the Offer", () => {
    expect(isAccepted(accepted(template("cpus:1;mem:1")))).toBe(true);
    expect(isAccepted({ ...accepted(template("cpus:1;mem:1")), status: { state: "Accepted" } })).toBe(false);
    expect(isAccepted(offer("o", { response: { decline: {} } }))).toBe(false);
    expect(isAccepted(offer("o"))).toBe(false);
  });
});
