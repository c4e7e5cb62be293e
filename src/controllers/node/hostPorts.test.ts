import { expect, it } from "vitest";
import type { Pod } from "../../cluster/core.ts";
import { hostPorts } from "./hostPorts.ts";

const pod = (spec: Partial<NonNullable<Pod["spec"]>>, phase = "Running"): Pod => ({
  spec: { containers: [], ...spec },
  status: { phase },
});
const port = (containerPort: number, hostPort?: number) => ({
  name: "c",
  ports: [{ containerPort, ...(hostPort !== undefined && { hostPort }) }],
});

it.each([
  ["no ports", pod({ containers: [{ name: "c" }] }), []],
  ["a container port is not the node's", pod({ containers: [port(20000)] }), []],
  ["a hostPort", pod({ containers: [port(80, 20000)] }), [{ begin: 20000, end: 20000 }]],
  ["hostPort 0 is none", pod({ containers: [port(80, 0)] }), []],
  [
    "a Pod on the node's network",
    pod({ hostNetwork: true, containers: [port(20005)] }),
    [{ begin: 20005, end: 20005 }],
  ],
  [
    "neighbours join, sidecars count",
    pod({ containers: [port(1, 20001)], initContainers: [{ ...port(2, 20002), restartPolicy: "Always" }] }),
    [{ begin: 20001, end: 20002 }],
  ],
  ["a finished Pod", pod({ containers: [port(80, 20000)] }, "Succeeded"), []],
])("%s", (_name, given, expected) => {
  expect(hostPorts(given)).toEqual(expected);
});
