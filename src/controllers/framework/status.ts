import type { Condition } from "../../api/condition.ts";
import { type Framework, type FrameworkStatus, mesosFrameworkId } from "../../api/framework.ts";
import { setCondition } from "../../cluster/conditions.ts";
import type { Live } from "../../cluster/object.ts";
import { type Quantities, type Resources, toSpec } from "../../resources/index.ts";
import { dominantShare, percent } from "../world/shares.ts";
import { type FrameworkConnection, hasSubscribed } from "./connection.ts";
import type { Readiness } from "./readiness.ts";

export interface FrameworkFacts {
  readonly connection: FrameworkConnection;
  readonly readiness: Readiness;
  /** Tasks that have not ended. */
  readonly tasks: number;
  /** What those hold, and executors that have not ended by themselves. */
  readonly allocated: Resources;
  /** Outstanding Offers, and what is in them. */
  readonly offers: number;
  readonly offered: Resources;
  readonly total: Quantities;
  readonly excludeFromFairness: readonly string[];
  /** RFC 3339. */
  readonly now: string;
}

/** Everything that the operator says of a framework. The share is that of its tasks: offers come and go. */
export function frameworkStatus(framework: Live<Framework>, facts: FrameworkFacts): FrameworkStatus {
  const { metadata, spec, status: before } = framework;
  const { allocated, connection, now } = facts;
  const share = dominantShare(allocated.scalarQuantities(), facts.total, facts.excludeFromFairness);
  const revived = spec.revive !== undefined && spec.revive.id !== before?.observedRevive;
  const revivedAt = revived ? now : before?.revivedAt;
  const since = disconnectedAt(framework, connection, now);
  return {
    ...(metadata.generation !== undefined && { observedGeneration: metadata.generation }),
    id: mesosFrameworkId(framework),
    connected: connection.connected,
    ...(since !== undefined && { disconnectedAt: since }),
    ...(spec.revive && { observedRevive: spec.revive.id }),
    ...(revivedAt !== undefined && { revivedAt }),
    allocated: toSpec(allocated),
    offered: toSpec(facts.offered),
    dominantShare: share,
    share: percent(share),
    offersOutstanding: facts.offers,
    tasks: facts.tasks,
    conditions: conditions(framework, facts),
  };
}

/** With what this controller writes of its status: the operations are the gateway's. */
export function withOwnStatus(framework: Live<Framework>): Live<Framework> {
  const { operations: _operations, ...status } = framework.status ?? {};
  return { ...framework, status };
}

/** Since when it is away; one that has never been here is not away, unless it was made because it came. */
export function disconnectedAt(
  framework: Live<Framework>,
  connection: FrameworkConnection,
  now: string,
): string | undefined {
  if (connection.connected) return undefined;
  const { metadata, status } = framework;
  if (status?.disconnectedAt !== undefined) return status.disconnectedAt;
  if (status?.connected || connection.wasHere) return now;
  return hasSubscribed(framework) ? metadata.creationTimestamp : undefined;
}

const CONNECTED = {
  Manual: { reason: "Manual", message: "counted as connected as long as it exists" },
  Lease: { reason: "LeaseRenewed", message: "its Lease is renewed" },
  Gateway: { reason: "Subscribed", message: "it is subscribed at the gateway" },
} as const;

function conditions(framework: Live<Framework>, { connection, readiness, now }: FrameworkFacts): Condition[] {
  const { generation } = framework.metadata;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const { type } = framework.spec.connection;
  const connected = connection.connected
    ? { status: "True" as const, ...CONNECTED[type] }
    : { status: "False" as const, reason: connection.reason, message: connection.message };
  const ready = readiness.ready
    ? { status: "True" as const, reason: "Offered", message: "resources are offered as they become free" }
    : { status: "False" as const, reason: readiness.reason, message: readiness.message };
  const withConnected = setCondition<Condition>(
    framework.status?.conditions,
    { type: "Connected", ...connected, ...observed },
    now,
  );
  return setCondition<Condition>(withConnected, { type: "Ready", ...ready, ...observed }, now);
}
