import { z } from "zod";
import { duration } from "./duration.ts";
import { objectName } from "./name.ts";
import { listMap, rules } from "./rule.ts";

/** What to run: a shell line, or a program with its arguments (Mesos's CommandInfo). */
export const command = rules(
  z.object({
    shell: z.boolean().default(true).describe("Run value by `/bin/sh -c`; else value is the program."),
    value: z.string().max(32768).optional().describe("The shell line, or the program's path."),
    arguments: z
      .array(z.string().max(32768))
      .max(256)
      .optional()
      .describe("With shell false: the program's arguments, argv[0] first, as in Mesos."),
  }),
  { rule: "!self.shell || has(self.value)", message: "a shell command needs value", fieldPath: ".value" },
  {
    rule: "!self.shell || !has(self.arguments) || size(self.arguments) == 0",
    message: "arguments are for shell: false",
    fieldPath: ".arguments",
  },
);
export type Command = z.output<typeof command>;

const portMapping = z.object({
  hostPort: z.int().min(1).max(65535).describe("Port of the node; one of the task's ports."),
  containerPort: z.int().min(1).max(65535).describe("Port in the task's network."),
  protocol: z.enum(["tcp", "udp"]).default("tcp").describe("Protocol."),
});

const network = rules(
  z.object({
    mode: z
      .enum(["Host", "CNI"])
      .describe("Host: the node's network, as in Mesos. CNI: a network and an address of its own."),
    name: objectName.optional().describe("CNI network; absent: the agent's default."),
    portMappings: z
      .array(portMapping)
      .max(64)
      .optional()
      .describe("Ports of the node that lead to the task."),
  }),
  {
    rule: "self.mode == 'CNI' || !has(self.portMappings)",
    message: "portMappings need mode CNI",
    fieldPath: ".portMappings",
  },
);

/** Where and as whom it runs. */
export const container = z.object({
  image: z.string().min(1).max(1024).optional().describe("Image; absent: the chart's default image."),
  imagePullPolicy: z
    .enum(["IfNotPresent", "Always", "Never"])
    .default("IfNotPresent")
    .describe("When to pull."),
  imagePullSecrets: z
    .array(objectName)
    .max(16)
    .optional()
    .describe("Secrets of type kubernetes.io/dockerconfigjson in the task's namespace."),
  user: z
    .string()
    .max(64)
    .regex(/^[a-zA-Z0-9_][-a-zA-Z0-9_]*(:[a-zA-Z0-9_][-a-zA-Z0-9_]*)?$/)
    .optional()
    .describe("User, or user:group, by name or number; absent: the image's."),
  workingDirectory: z.string().max(1024).optional().describe("Working directory; absent: the sandbox."),
  privileged: z.boolean().optional().describe("Run without confinement, where the namespace allows it."),
  addCapabilities: z
    .array(z.string().max(64))
    .max(64)
    .optional()
    .describe("Linux capabilities beyond the default."),
  dropCapabilities: z
    .array(z.string().max(64))
    .max(64)
    .optional()
    .describe("Linux capabilities to take away."),
  hostname: z.string().max(63).optional().describe("Host name, with mode CNI."),
  network: network
    .optional()
    .describe("The task's network; absent: the node's, where the namespace allows it, else CNI."),
});
export type Container = z.output<typeof container>;

export const uri = z.object({
  value: z
    .string()
    .min(1)
    .max(4096)
    .regex(/^(https?:\/\/|file:\/\/|\/)/)
    .describe("http(s)://, file:// or an absolute path of the agent's."),
  extract: z.boolean().default(true).describe("Unpack tar, tar.gz, tar.xz, tar.bz2, gz and zip files."),
  executable: z.boolean().default(false).describe("Set the executable bit; nothing is extracted then."),
  cache: z.boolean().default(false).describe("Keep it in the agent's cache for the next task."),
  outputFile: z
    .string()
    .max(1024)
    .regex(/^[^/].*$/)
    .optional()
    .describe("Path in the sandbox; absent: the last part of the URI."),
  checksum: z
    .string()
    .regex(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/)
    .optional()
    .describe("sha256:<hex> or sha512:<hex> of what is fetched."),
});
export type Uri = z.output<typeof uri>;

const secretKey = z.object({
  name: objectName.describe("Secret in the task's namespace."),
  key: z.string().min(1).max(253).describe("Key in the Secret."),
});

export const envVar = rules(
  z.object({
    name: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/)
      .describe("Name of the variable."),
    value: z.string().max(32768).optional().describe("Its value."),
    secret: secretKey.optional().describe("Take the value from a Secret."),
  }),
  { rule: "!(has(self.value) && has(self.secret))", message: "give value or secret, not both" },
);
export type EnvVar = z.output<typeof envVar>;
export const env = listMap(z.array(envVar).max(256), "name");

export const volume = rules(
  z.object({
    containerPath: z.string().min(1).max(1024).describe("Absolute, or relative to the sandbox."),
    mode: z.enum(["RW", "RO"]).default("RW").describe("Whether the task may write it."),
    hostPath: z
      .string()
      .max(1024)
      .regex(/^\//)
      .optional()
      .describe("A path of the node, where the namespace allows it."),
    sandboxPath: z
      .string()
      .max(1024)
      .regex(/^[^/]/)
      .optional()
      .describe("A path in the task's own sandbox; made when missing."),
    secret: objectName.optional().describe("A Secret of the task's namespace, a file a key."),
  }),
  {
    rule: "[has(self.hostPath), has(self.sandboxPath), has(self.secret)].filter(x, x).size() == 1",
    message: "exactly one of hostPath, sandboxPath and secret must be given",
  },
);
export type Volume = z.output<typeof volume>;

const checkBase = {
  type: z.enum(["COMMAND", "HTTP", "TCP"]).describe("How to check."),
  command: command.optional().describe("With COMMAND: what to run in the task's container."),
  http: z
    .object({
      port: z.int().min(1).max(65535).describe("Port on the task's address."),
      path: z.string().max(1024).default("/").describe("Path to GET."),
      scheme: z.enum(["http", "https"]).default("http").describe("Scheme; certificates are not verified."),
    })
    .optional()
    .describe("With HTTP."),
  tcp: z
    .object({ port: z.int().min(1).max(65535).describe("Port on the task's address.") })
    .optional()
    .describe("With TCP."),
  delay: duration.default("15s").describe("Wait before the first check."),
  interval: duration.default("10s").describe("Time between checks."),
  timeout: duration.default("20s").describe("A check that takes longer has failed."),
};

const checkRule = {
  rule: "(self.type == 'COMMAND') == has(self.command) && (self.type == 'HTTP') == has(self.http) && (self.type == 'TCP') == has(self.tcp)",
  message: "exactly the field of its type (command, http or tcp) must be given",
};

/** Reports what it sees, kills nothing (Mesos's CheckInfo, with its defaults). */
export const check = rules(z.object(checkBase), checkRule);
export type Check = z.output<typeof check>;

/** Kills the task after consecutive failures (Mesos's HealthCheck, with its defaults). */
export const healthCheck = rules(
  z.object({
    ...checkBase,
    gracePeriod: duration.default("10s").describe("Failures in this time after the start do not count."),
    consecutiveFailures: z
      .int()
      .min(1)
      .max(1000)
      .default(3)
      .describe("So many failures in a row kill the task."),
  }),
  checkRule,
);
export type HealthCheck = z.output<typeof healthCheck>;

export const toleration = z.object({
  key: z.string().max(316).optional().describe("Taint key; absent with Exists: all."),
  operator: z.enum(["Exists", "Equal"]).default("Equal").describe("How value is compared."),
  value: z.string().max(63).optional().describe("Taint value."),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional().describe("Effect; absent: all."),
});
export type Toleration = z.output<typeof toleration>;
export const tolerations = z.array(toleration).max(32);

/** A constraint on an attribute of the agent (Mesos 1.11's AttributeConstraint). */
export const attributeConstraint = rules(
  z.object({
    attribute: z.string().min(1).max(63).describe("Name of an attribute, or HOSTNAME, REGION or ZONE."),
    operator: z
      .enum(["Exists", "NotExists", "TextEquals", "TextNotEquals", "TextMatches", "TextNotMatches"])
      .describe(
        "How to compare; NotEquals and NotMatches hold for an attribute that is missing or not text.",
      ),
    value: z.string().max(1024).optional().describe("Text, or a regular expression for the whole text."),
  }),
  {
    rule: "self.operator in ['Exists', 'NotExists'] != has(self.value)",
    message: "Exists and NotExists take no value, the others need one",
    fieldPath: ".value",
  },
);
export type AttributeConstraint = z.output<typeof attributeConstraint>;
