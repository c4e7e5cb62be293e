import { addAndUpdateAgents } from "./addandupdateagents.ts";
import type { Workload } from "./bench.ts";
import { declineOffers } from "./declineoffers.ts";
import { multiFrameworkAllocations } from "./multiframework.ts";
import { largeAndSmallQuota, nonQuotaVsQuota } from "./quotas.ts";
import { reclaim } from "./reclaim.ts";
import { persistentVolumes, resourceLabels } from "./reserved.ts";
import { singleEvent } from "./singleevent.ts";
import { sort } from "./sort.ts";
import { suppressOffers } from "./suppressoffers.ts";

export const workloads: readonly Workload[] = [
  declineOffers,
  suppressOffers,
  addAndUpdateAgents,
  multiFrameworkAllocations,
  largeAndSmallQuota,
  nonQuotaVsQuota,
  resourceLabels,
  persistentVolumes,
  sort,
  singleEvent,
  reclaim,
];
