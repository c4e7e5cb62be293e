import { durationMs } from "../../api/duration.ts";
import type { Framework } from "../../api/framework.ts";
import { frameworkLeaseName, INFO_ANNOTATION } from "../../api/group.ts";
import type { Expiry } from "../../cluster/expiry.ts";
import { keyOf, type Live } from "../../cluster/object.ts";
import type { OfferStreams } from "../offer/streams.ts";

/** Whether a framework is alive, and if it is by a Lease, for how many milliseconds that holds without another renewal. */
export type FrameworkConnection =
  | { readonly connected: true; readonly lapsesAfter?: number }
  | {
      readonly connected: false;
      readonly reason: "LeaseMissing" | "LeaseLapsed" | "GatewayMissing" | "NotSubscribed";
      readonly message: string;
      /** It was connected, though its status may not say so: it came and went between two looks. */
      readonly wasHere?: boolean;
    };

/** Milliseconds within which a SUBSCRIBE that has made its Framework is answered, or never: it has ten for each try. */
const ANSWERED_WITHIN = 60_000;

/** Whether a SUBSCRIBE has made it, and nobody ahead of time. */
export const hasSubscribed = ({ metadata, spec }: Framework): boolean =>
  spec.connection.type === "Gateway" && metadata?.annotations?.[INFO_ANNOTATION] !== undefined;

/**
 * Until when (wall clock, ms) a framework that is away is not removed. Of one that was made a moment ago the SUBSCRIBE may be
 * under way; where the leader ended before it was answered, nobody knows its id, and nobody comes for it.
 */
export function forgivenUntil(
  { metadata, spec }: Live<Framework>,
  streams: Pick<OfferStreams, "forgivenUntil" | "wasHere">,
): number {
  if (spec.connection.type !== "Gateway") return 0;
  const key = keyOf(metadata);
  if (streams.wasHere(key)) return 0;
  return Math.max(streams.forgivenUntil(key), Date.parse(metadata.creationTimestamp) + ANSWERED_WITHIN);
}

export interface LeaseWatch {
  readonly expiry: Pick<Expiry, "state" | "age">;
  /** Whether renewals can be seen now. While not, nobody's silence counts. */
  readonly watching: boolean;
  /** Frameworks that speak the Mesos API. */
  readonly streams?: Pick<OfferStreams, "get" | "served" | "wasHere">;
}

/** Key of the Lease that a framework renews. */
export function frameworkLeaseKey({ metadata, spec }: Framework): string {
  return `${metadata.namespace ?? ""}/${spec.connection.leaseName ?? frameworkLeaseName(metadata.name)}`;
}

/** By when this process saw the Lease renewed; the framework's clock does not matter. */
export function frameworkConnection(framework: Live<Framework>, leases: LeaseWatch): FrameworkConnection {
  const { type, leaseDuration } = framework.spec.connection;
  if (type === "Manual") return { connected: true };
  if (type === "Gateway") return streamConnection(framework, leases.streams);
  const key = frameworkLeaseKey(framework);
  const state = leases.expiry.state(key);
  if (state === "absent") {
    return { connected: false, reason: "LeaseMissing", message: `there is no Lease ${key}` };
  }
  const left = durationMs(leaseDuration) - leases.expiry.age(key);
  if (state === "fresh" && left > 0) return { connected: true, lapsesAfter: left };
  // Given up is a word, silence while blind is none.
  if (!leases.watching && framework.status?.connected && state !== "lapsed") return { connected: true };
  return {
    connected: false,
    reason: "LeaseLapsed",
    message: `the Lease ${key} was not renewed for ${leaseDuration}, or was given up`,
  };
}

function streamConnection(framework: Live<Framework>, streams: LeaseWatch["streams"]): FrameworkConnection {
  if (streams?.served !== true) {
    const message = "no gateway serves the Mesos API in this installation";
    return { connected: false, reason: "GatewayMissing", message };
  }
  const key = keyOf(framework.metadata);
  if (streams.get(key) !== undefined) return { connected: true };
  const message = "it is not subscribed at the gateway";
  return { connected: false, reason: "NotSubscribed", message, wasHere: streams.wasHere(key) };
}
