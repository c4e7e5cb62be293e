import type { Workload } from "./bench.ts";
import { declineOffers } from "./declineoffers.ts";

export const workloads: readonly Workload[] = [declineOffers];
