import { z } from "zod";
import { duration, positiveDuration } from "./duration.ts";
import { objectName } from "./name.ts";
import { absolutePath, containerPath, relativePath } from "./path.ts";
import { listMap, listSet, rules, worded } from "./rule.ts";

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
    portMappings: listMap(z.array(portMapping).max(64), "hostPort", "protocol")
      .optional()
      .describe("Ports of the node that lead to the task."),
  }),
  {
    rule: "self.mode == 'CNI' || !has(self.portMappings)",
    message: "portMappings need mode CNI",
    fieldPath: ".portMappings",
  },
  { rule: "self.mode == 'CNI' || !has(self.name)", message: "name needs mode CNI", fieldPath: ".name" },
);

const capability = worded(
  z.string().min(1).max(64),
  /^[A-Z][A-Z0-9_]*$/,
  "must be a Linux capability in capitals, such as NET_ADMIN, or ALL",
);

/** User, or user:group, by name or number. */
export const user = worded(
  z.string().min(1).max(64),
  /^[a-zA-Z0-9_][-a-zA-Z0-9_]*(:[a-zA-Z0-9_][-a-zA-Z0-9_]*)?$/,
  "must be a user or user:group, by name or number",
);

export const image = worded(
  z.string().min(1).max(1024),
  /^[A-Za-z0-9][-A-Za-z0-9._:/@+]*$/,
  "must be an image reference such as docker.io/library/busybox:1.36, without spaces",
);

const containerShape = {
  image: image.optional().describe("Image; absent: the chart's default image."),
  imagePullPolicy: z
    .enum(["IfNotPresent", "Always", "Never"])
    .default("IfNotPresent")
    .describe("When to pull."),
  imagePullSecrets: listSet(z.array(objectName).max(16))
    .optional()
    .describe("Secrets of type kubernetes.io/dockerconfigjson in the task's namespace."),
  user: user.optional().describe("User, or user:group, by name or number; absent: the image's."),
  workingDirectory: absolutePath
    .optional()
    .describe(
      "Working directory; absent: the image's, else the sandbox; always the sandbox without an image.",
    ),
  privileged: z.boolean().optional().describe("Run without confinement, where the namespace allows it."),
  addCapabilities: listSet(z.array(capability).max(64))
    .optional()
    .describe("Linux capabilities beyond the default."),
  dropCapabilities: listSet(z.array(capability).max(64))
    .optional()
    .describe("Linux capabilities to take away."),
  hostname: worded(
    z.string().min(1).max(63),
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    "must be a host name: small letters, digits and '-', with a letter or digit at both ends",
  )
    .optional()
    .describe("Host name, with mode CNI."),
  network: network
    .optional()
    .describe("The task's network; absent: the node's, where the namespace allows it, else CNI."),
};

/** Where and as whom it runs. */
export const container = rules(z.object(containerShape), {
  rule: "!has(self.hostname) || !has(self.network) || self.network.mode == 'CNI'",
  message: "a host name of its own needs network mode CNI",
  fieldPath: ".hostname",
});
export type Container = z.output<typeof container>;

export const uri = z.object({
  value: worded(
    z.string().min(1).max(4096),
    /^(https?:\/\/|file:\/\/\/|\/)[^\s]+$/,
    "must be http://…, https://…, file:///… or an absolute path, without spaces",
  ).describe("http(s)://, or a file of the node: file:// or an absolute path."),
  extract: z.boolean().default(true).describe("Unpack tar, tar.gz, tar.xz, tar.bz2, gz and zip files."),
  executable: z.boolean().default(false).describe("Set the executable bit; nothing is extracted then."),
  cache: z.boolean().default(false).describe("Keep it in the agent's cache for the next task."),
  outputFile: relativePath.optional().describe("Path in the sandbox; absent: the last part of the URI."),
  checksum: worded(
    z.string().max(136),
    /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/,
    "must be sha256: and 64 hexadecimal digits, or sha512: and 128, in small letters",
  )
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
    name: worded(
      z.string().min(1).max(255),
      /^[-._a-zA-Z][-._a-zA-Z0-9]*$/,
      "must be a variable's name: letters, digits, '_', '-' and '.', not beginning with a digit",
    ).describe("Name of the variable."),
    value: z.string().max(32768).optional().describe("Its value."),
    secret: secretKey.optional().describe("Take the value from a Secret."),
  }),
  { rule: "!(has(self.value) && has(self.secret))", message: "give value or secret, not both" },
);
export type EnvVar = z.output<typeof envVar>;
export const env = listMap(z.array(envVar).max(256), "name");

export const volume = rules(
  z.object({
    containerPath: containerPath.describe("Absolute, or relative to the sandbox."),
    mode: z.enum(["RW", "RO"]).default("RW").describe("Whether the task may write it."),
    hostPath: absolutePath.optional().describe("A path of the node, where the namespace allows it."),
    sandboxPath: relativePath.optional().describe("A path in the task's own sandbox; made when missing."),
    executorPath: relativePath
      .optional()
      .describe(
        "A folder that the tasks of one executor share; or, by its containerPath, a persistent volume of the executor.",
      ),
    secret: objectName.optional().describe("A Secret of the task's namespace, a file a key."),
  }),
  {
    rule: "[has(self.hostPath), has(self.sandboxPath), has(self.executorPath), has(self.secret)].filter(x, x).size() == 1",
    message: "exactly one of hostPath, sandboxPath, executorPath and secret must be given",
    cost: 100,
  },
);
export type Volume = z.output<typeof volume>;

/** Where a program runs and what is given to it: the same of tasks and of executors. */
export const programShape = {
  container: container.optional().describe("Where and as whom it runs."),
  env: env.optional().describe("Environment; the MESOS_ names are added."),
  uris: z.array(uri).max(32).optional().describe("What is fetched into the sandbox first."),
  volumes: listMap(z.array(volume).max(32), "containerPath")
    .optional()
    .describe("What is mounted beside persistent volumes."),
  data: z.base64().max(65536).optional().describe("Bytes for the executor, as base64."),
};

const checkBase = {
  type: z.enum(["COMMAND", "HTTP", "TCP"]).describe("How to check."),
  command: command.optional().describe("With COMMAND: what to run in the task's container."),
  http: z
    .object({
      port: z.int().min(1).max(65535).describe("Port on the task's address."),
      path: worded(z.string().max(1024), /^\/[^\s]*$/, "must be an absolute path without spaces")
        .default("/")
        .describe("Path to GET."),
      scheme: z.enum(["http", "https"]).default("http").describe("Scheme; certificates are not verified."),
    })
    .optional()
    .describe("With HTTP."),
  tcp: z
    .object({ port: z.int().min(1).max(65535).describe("Port on the task's address.") })
    .optional()
    .describe("With TCP."),
  delay: duration.default("15s").describe("Wait before the first check."),
  interval: positiveDuration.default("10s").describe("Time between checks."),
  timeout: positiveDuration.default("20s").describe("A check that takes longer has failed."),
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

export const toleration = rules(
  z.object({
    key: z.string().max(316).optional().describe("Taint key; absent with Exists: all."),
    operator: z.enum(["Exists", "Equal"]).default("Equal").describe("How value is compared."),
    value: z.string().max(63).optional().describe("Taint value."),
    effect: z
      .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
      .optional()
      .describe("Effect; absent: all."),
    tolerationSeconds: z
      .int()
      .min(0)
      .max(1_000_000_000)
      .optional()
      .describe("How long running tasks stay with a NoExecute taint; absent: for good."),
  }),
  {
    rule: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
    message: "tolerationSeconds needs the effect NoExecute",
    fieldPath: ".effect",
  },
  {
    rule: "self.operator != 'Exists' || !has(self.value)",
    message: "operator Exists takes no value",
    fieldPath: ".value",
  },
  {
    rule: "self.operator == 'Exists' || has(self.key)",
    message: "without key the operator must be Exists",
    fieldPath: ".key",
  },
);
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
    value: z.string().max(512).optional().describe("Text, or a regular expression for the whole text."),
  }),
  {
    rule: "self.operator in ['Exists', 'NotExists'] != has(self.value)",
    message: "Exists and NotExists take no value, the others need one",
    fieldPath: ".value",
  },
  {
    // An expression that is malformed makes the evaluation fail, which the API server tells with the reason.
    rule: "!(self.operator in ['TextMatches', 'TextNotMatches']) || !has(self.value) || ''.matches(self.value) in [true, false]",
    message: "value must be a regular expression as RE2 has them",
    fieldPath: ".value",
  },
);
export type AttributeConstraint = z.output<typeof attributeConstraint>;
