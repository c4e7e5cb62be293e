import type { Offer, OfferResponse, Operation, OperationResult } from "../../api/offer.ts";
import type { Live } from "../../cluster/object.ts";
import { readTemplate } from "../../controllers/offer/launchrules.ts";
import { durationOfSeconds } from "../../convert/amounts.ts";
import {
  type ConvertedOperation,
  convertOperation,
  isLaunch,
  type RefusedTask,
  tasksOf,
} from "../../convert/operation.ts";
import type { Filters, Offer_Operation, OfferID } from "../../wire/gen/mesos/v1/mesos_pb.ts";

/** A year: the longest that anything is refused (Mesos: hierarchical.cpp). */
const LONGEST_REFUSAL = 365 * 86_400;

export type OffersFound =
  | { readonly offers: readonly [Live<Offer>, ...Live<Offer>[]] }
  /** Why they cannot be used, and those of them that are there all the same: they are given up. */
  | { readonly problem: string; readonly valid: readonly Live<Offer>[] };

/** The offers that an ACCEPT names (Mesos: validation.cpp, offer::validate). `open` finds those that the framework may answer. */
export function findOffers(
  ids: readonly OfferID[],
  open: (id: string) => Live<Offer> | undefined,
): OffersFound {
  const valid = new Map<string, Live<Offer>>();
  let problem: string | undefined = ids.length === 0 ? "No offers specified" : undefined;
  for (const { value } of ids) {
    const offer = open(value);
    if (offer === undefined) problem ??= `Offer ${value} is no longer valid`;
    else if (valid.has(value)) problem ??= `Duplicate offer ${value} in offer list`;
    else valid.set(value, offer);
  }
  const [first, ...others] = [...valid.values()];
  if (problem !== undefined || first === undefined) {
    return { problem: problem ?? "No offers specified", valid: [...valid.values()] };
  }
  const mismatch = others.map((other) => misfit(first, other)).find((one) => one !== undefined);
  if (mismatch !== undefined) return { problem: mismatch, valid: [...valid.values()] };
  return { offers: [first, ...others] };
}

function misfit(first: Live<Offer>, other: Live<Offer>): string | undefined {
  const [a, b] = [first.metadata.name, other.metadata.name];
  if (first.spec.role !== other.spec.role) {
    return `Aggregated offers must be allocated to the same role. Offer ${b} uses role '${other.spec.role}' but another is using role '${first.spec.role}'`;
  }
  if (first.spec.agent === other.spec.agent) return undefined;
  return `Aggregated offers must belong to one single agent. Offer ${b} uses agent ${other.spec.agent} and offer ${a} uses agent ${first.spec.agent}`;
}

/** What is to be done on valid offers, and what of it is refused at once. */
export interface AcceptPlan {
  readonly response: OfferResponse;
  readonly refusedTasks: readonly RefusedTask[];
  /** Operations other than launches that are refused. */
  readonly refused: readonly { readonly operation: Offer_Operation; readonly message: string }[];
  /** For each operation of the response, the one that it was made of. */
  readonly sources: readonly Offer_Operation[];
}

export function planAccept(
  operations: readonly Offer_Operation[],
  filters: Filters | undefined,
  agent: string,
): AcceptPlan {
  const converted = operations.map((operation) => ({
    operation,
    ...judged({ ...convertOperation(operation, agent), source: operation }),
  }));
  const done = converted.flatMap(({ operation, made }) => (made === undefined ? [] : [{ operation, made }]));
  const refuse = refusal(filters);
  const rest = refuse === undefined ? {} : { filters: { refuse } };
  const response: OfferResponse =
    done.length === 0 ? { decline: rest } : { accept: { operations: done.map(({ made }) => made), ...rest } };
  return {
    response,
    refusedTasks: converted.flatMap(({ refusedTasks }) => refusedTasks),
    refused: converted.flatMap(({ operation, problem }) =>
      problem === undefined ? [] : [{ operation, message: problem }],
    ),
    sources: done.map(({ operation }) => operation),
  };
}

interface Judged {
  readonly made?: Operation;
  readonly refusedTasks: readonly RefusedTask[];
  readonly problem?: string;
}

/** Tasks that the API would refuse are refused here, where the framework can be told of each. */
function judged({
  operation,
  refused,
  problem,
  source,
}: ConvertedOperation & { readonly source: Offer_Operation }): Judged {
  if (operation === undefined) {
    return { refusedTasks: refused, ...(problem !== undefined && { problem }) };
  }
  if (operation.launch === undefined && operation.launchGroup === undefined) {
    return { made: operation, refusedTasks: refused };
  }
  const isGroup = operation.type === "LAUNCH_GROUP";
  const infos = new Map(tasksOf(source).map((info) => [info.taskId?.value, info]));
  const tasks = (isGroup ? operation.launchGroup : operation.launch)?.tasks ?? [];
  const wrong = tasks.flatMap((task): RefusedTask[] => {
    const info = infos.get(task.taskId);
    const read = readTemplate(task);
    if (info === undefined || !("invalid" in read)) return [];
    return [{ info, message: read.invalid, reason: "REASON_TASK_INVALID" }];
  });
  const [first] = wrong;
  if (first === undefined) return { made: operation, refusedTasks: refused };
  if (isGroup) {
    const reason = "REASON_TASK_GROUP_INVALID" as const;
    return { refusedTasks: tasksOf(source).map((info) => ({ info, message: first.message, reason })) };
  }
  const bad = new Set(wrong.map(({ info }) => info.taskId?.value));
  const good = tasks.filter(({ taskId }) => !bad.has(taskId));
  return {
    refusedTasks: [...refused, ...wrong],
    ...(good.length > 0 && { made: { type: "LAUNCH", launch: { ...operation.launch, tasks: good } } }),
  };
}

/** Of `filters`, which is 5 s where nothing is said; undefined: the framework's own default, for what makes no sense. */
export function refusal(filters: Filters | undefined): string | undefined {
  const seconds = filters?.refuseSeconds;
  if (seconds === undefined || Number.isNaN(seconds) || seconds < 0) return undefined;
  return durationOfSeconds(Math.min(seconds, LONGEST_REFUSAL), "refuse_seconds");
}

/** What became of the operations that have an id. */
export function outcomes(
  sources: readonly Offer_Operation[],
  results: readonly OperationResult[],
): { readonly operation: Offer_Operation; readonly result: OperationResult }[] {
  return results.flatMap((result) => {
    const operation = sources[result.index];
    return operation?.id === undefined || isLaunch(operation) ? [] : [{ operation, result }];
  });
}
