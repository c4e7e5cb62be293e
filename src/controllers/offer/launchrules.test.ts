import { expect, test } from "vitest";
import type { TaskTemplate } from "../../api/task.ts";
import { readTemplate } from "./launchrules.ts";

const mapped = (...hostPorts: number[]): TaskTemplate => ({
  command: { shell: true, value: "true" },
  resources: [
    { name: "cpus", scalar: 1 },
    { name: "mem", scalar: 64 },
    { name: "ports", ranges: [{ begin: 20000, end: 20001 }] },
  ],
  container: {
    imagePullPolicy: "IfNotPresent",
    network: {
      mode: "CNI",
      portMappings: hostPorts.map((hostPort) => ({ hostPort, containerPort: 80, protocol: "tcp" })),
    },
  },
});

test("a launch may map the ports that it takes", () => {
  expect(readTemplate(mapped(20000, 20001))).toHaveProperty("resources");
});

test("a launch may not map a port that it does not take", () => {
  expect(readTemplate(mapped(20000, 20002))).toEqual({
    invalid: expect.stringContaining("hostPort 20002 must be one of the ports"),
  });
});
