import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Resources } from "../../resources/index.ts";
import type { ResourceStatisticsSchema } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import type { Usage } from "../containerizer/containerizer.ts";

const NANOS = 1e9;

/** What a container uses, as Mesos's isolators count it. `now` is in milliseconds of the epoch. */
export function statisticsOf(
  usage: Usage,
  held: Resources,
  now: number,
): MessageInitShape<typeof ResourceStatisticsSchema> {
  const { throttling, memoryLimitBytes } = usage;
  const cpus = held.quantities().get("cpus") / 1000;
  return {
    timestamp: now / 1000,
    processes: usage.pids,
    cpusUserTimeSecs: Number(usage.userNanos) / NANOS,
    cpusSystemTimeSecs: Number(usage.systemNanos) / NANOS,
    cpusLimit: cpus,
    ...(throttling && {
      cpusNrPeriods: throttling.periods,
      cpusNrThrottled: throttling.throttled,
      cpusThrottledTimeSecs: Number(throttling.throttledNanos) / NANOS,
    }),
    memTotalBytes: BigInt(usage.memoryTotalBytes),
    memRssBytes: BigInt(usage.memoryAnonBytes),
    memAnonBytes: BigInt(usage.memoryAnonBytes),
    memCacheBytes: BigInt(usage.memoryFileBytes),
    memFileBytes: BigInt(usage.memoryFileBytes),
    ...(memoryLimitBytes !== undefined && { memLimitBytes: BigInt(memoryLimitBytes) }),
  };
}
