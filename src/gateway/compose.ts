import type { Registry } from "prom-client";
import { durationMs } from "../api/duration.ts";
import { AccessReviews } from "../auth/authorizer.ts";
import { SecretAuthenticator } from "../auth/basic.ts";
import { TokenAuthenticator } from "../auth/bearer.ts";
import type { Connection } from "../cluster/connection.ts";
import { secrets } from "../cluster/core.ts";
import type { Logger } from "../cluster/logger.ts";
import type { Clock } from "../cluster/time.ts";
import type { OperatorConfig } from "../config/operator.ts";
import type { OperatorOptions } from "../controllers/operator.ts";
import { masterInfo } from "../convert/master.ts";
import { PATIENCE } from "../http/connections.ts";
import { Throttle } from "../http/throttle.ts";
import { GatewayMetrics } from "./metrics.ts";
import { OperatorService } from "./operator/service.ts";
import { SchedulerService } from "./scheduler/service.ts";
import { Gateway } from "./server/gateway.ts";
import { Standings } from "./state/standings.ts";

export interface GatewayParts {
  readonly server: Gateway;
  /** How the operator tells the gateway who leads. */
  readonly hooks: Required<Pick<OperatorOptions, "whileLeading" | "onNewLeader">>;
}

export interface GatewayContext {
  readonly logger: Logger;
  readonly clock: Clock;
  /** This replica's, in the election. */
  readonly identity: string;
  readonly registry: Registry;
}

/** The gateway of one replica. It listens on its own, and answers once its replica leads. */
export function createGateway(
  config: OperatorConfig,
  connection: Connection,
  context: GatewayContext,
): GatewayParts {
  const { logger, clock, registry } = context;
  const { anonymous, followers, heartbeat, maxBodyBytes, maxBufferedBytes, namespace, port, tls } =
    config.gateway;
  const metrics = new GatewayMetrics(registry);
  const server = new Gateway({
    port,
    ...(tls && { tls }),
    authenticators: [
      new SecretAuthenticator(secrets(connection), config.namespace, clock),
      new TokenAuthenticator(connection, clock),
    ],
    anonymous,
    limits: { body: maxBodyBytes, buffered: maxBufferedBytes },
    throttle: new Throttle(config.gateway.requests, clock),
    sources: new Throttle(config.gateway.requestsPerAddress, clock),
    connections: { ...PATIENCE, most: config.gateway.maxConnections },
    followers,
    metrics,
    logger,
    clock,
  });
  const authorizer = new AccessReviews(connection);
  return {
    server,
    hooks: {
      whileLeading: async (deps, scheduling) => {
        const address = config.gateway.advertise || addressOf(context.identity);
        const master = address === undefined ? undefined : masterInfo(context.identity, address);
        const scheduler = new SchedulerService(deps, scheduling, {
          heartbeat: durationMs(heartbeat),
          namespace,
          authorizer,
          metrics,
          agents: {
            token: config.gateway.agentToken,
            port: config.gateway.agentPort,
            tls: config.gateway.agentTls,
          },
          ...(master && { master }),
        });
        const standings = await Standings.of(deps);
        const operator = new OperatorService(deps, scheduling, {
          standings,
          authorizer,
          metrics,
          schedulers: scheduler,
          heartbeat: durationMs(heartbeat),
          identity: context.identity,
          master,
        });
        server.leads({ scheduler, operator });
        return {
          name: "gateway",
          run: async (signal) => {
            await Promise.all([scheduler.run(signal), operator.run(signal)]);
          },
        };
      },
      onNewLeader: (leader) =>
        server.follows({ self: leader === context.identity, address: addressOf(leader) }),
    },
  };
}

/**
 * Where the others' clients are sent, or their requests passed on to; undefined: it cannot be told. Behind what is advertised may
 * be any replica: requests are passed on to the Pod itself.
 */
export function gatewayAddress(
  { enabled, advertise, followers, port }: OperatorConfig["gateway"],
  podAddress: string | undefined,
): string | undefined {
  if (!enabled) return undefined;
  if (advertise !== "" && followers === "Redirect") return advertise;
  if (podAddress === undefined || podAddress === "") return undefined;
  return `${podAddress.includes(":") ? `[${podAddress}]` : podAddress}:${port}`;
}

/** Replicas know each other by their identities in the election alone: so the address is a part of it. */
export const identityWithAddress = (identity: string, address: string): string => `${identity}@${address}`;

function addressOf(identity: string): string | undefined {
  const at = identity.lastIndexOf("@");
  return at === -1 ? undefined : identity.slice(at + 1);
}
