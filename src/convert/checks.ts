import { isFieldSet } from "@bufbuild/protobuf";
import type { Check, HealthCheck as HealthCheckSpec } from "../api/container.ts";
import {
  type CheckInfo,
  CheckInfo_Type,
  type CommandInfo,
  CommandInfoSchema,
  type HealthCheck,
  HealthCheck_HTTPCheckInfoSchema,
  HealthCheck_TCPCheckInfoSchema,
  HealthCheck_Type,
} from "../wire/gen/mesos/v1/mesos_pb.ts";
import { durationOfSeconds } from "./amounts.ts";
import { command } from "./command.ts";
import { onlyFields, Unsupported } from "./unsupported.ts";

export function checkSpec(info: CheckInfo): Check {
  const times = timesOf(info, "check");
  switch (info.type) {
    case CheckInfo_Type.COMMAND:
      if (info.command?.command === undefined) throw missing("command", "COMMAND", "check");
      return { type: "COMMAND", command: program(info.command.command, "check.command"), ...times };
    case CheckInfo_Type.HTTP: {
      if (info.http === undefined) throw missing("http", "HTTP", "check");
      const { port, path } = info.http;
      return { type: "HTTP", http: { port, path: path === "" ? "/" : path, scheme: "http" }, ...times };
    }
    case CheckInfo_Type.TCP:
      if (info.tcp === undefined) throw missing("tcp", "TCP", "check");
      return { type: "TCP", tcp: { port: info.tcp.port }, ...times };
    default:
      throw new Unsupported("'UNKNOWN' is not a valid check's type");
  }
}

export function healthCheckSpec(info: HealthCheck): HealthCheckSpec {
  const rest = {
    ...timesOf(info, "health_check"),
    gracePeriod: durationOfSeconds(info.gracePeriodSeconds, "grace_period_seconds"),
    consecutiveFailures: info.consecutiveFailures,
  };
  switch (info.type) {
    case HealthCheck_Type.COMMAND:
      if (info.command === undefined) throw missing("command", "COMMAND", "health check");
      return { type: "COMMAND", command: program(info.command, "health_check.command"), ...rest };
    case HealthCheck_Type.HTTP: {
      if (info.http === undefined) throw missing("http", "HTTP", "health check");
      const { port, path, scheme } = info.http;
      onlyFields(HealthCheck_HTTPCheckInfoSchema, info.http, ["port", "path", "scheme"], "health_check.http");
      if (scheme !== "" && scheme !== "http" && scheme !== "https") {
        throw new Unsupported(`Unsupported HTTP health check scheme: '${scheme}'`);
      }
      const http = {
        port,
        path: path === "" ? "/" : path,
        scheme: scheme === "https" ? ("https" as const) : ("http" as const),
      };
      return { type: "HTTP", http, ...rest };
    }
    case HealthCheck_Type.TCP:
      if (info.tcp === undefined) throw missing("tcp", "TCP", "health check");
      onlyFields(HealthCheck_TCPCheckInfoSchema, info.tcp, ["port"], "health_check.tcp");
      return { type: "TCP", tcp: { port: info.tcp.port }, ...rest };
    default:
      throw new Unsupported("HealthCheck must specify 'type'");
  }
}

function timesOf(
  info: Pick<CheckInfo, "delaySeconds" | "intervalSeconds" | "timeoutSeconds">,
  what: string,
): Pick<Check, "delay" | "interval" | "timeout"> {
  const { delaySeconds, intervalSeconds, timeoutSeconds } = info;
  // Mesos: no timeout at all.
  if (timeoutSeconds === 0) throw new Unsupported(`'${what}.timeout_seconds' of 0 is not supported`);
  return {
    delay: durationOfSeconds(delaySeconds, "delay_seconds"),
    interval: durationOfSeconds(intervalSeconds, "interval_seconds"),
    timeout: durationOfSeconds(timeoutSeconds, "timeout_seconds"),
  };
}

/** Runs in the task's container, with its environment. */
function program(info: CommandInfo, at: string): Check["command"] {
  onlyFields(CommandInfoSchema, info, ["shell", "value", "arguments"], at);
  const value = CommandInfoSchema.field.value;
  if (!isFieldSet(info, value)) {
    const kind = info.shell ? "'shell command'" : "'executable path'";
    throw new Unsupported(`Command health check must contain ${kind}`);
  }
  return command(info);
}

const missing = (field: string, type: string, what: string): Unsupported =>
  new Unsupported(`Expecting '${field}' to be set for ${type} ${what}`);
