import { hostname } from "node:os";
import type { Authorizer } from "../../auth/authorizer.ts";
import { aborted } from "../../cluster/aborted.ts";
import type { Dependencies, Runnable } from "../../controllers/dependencies.ts";
import type { Scheduling } from "../../controllers/world/scheduling.ts";
import { masterInfo } from "../../convert/master.ts";
import { Verbosity } from "../../convert/verbosity.ts";
import type { MasterInfo } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import type { GatewayMetrics } from "../metrics.ts";
import type { SchedulerService } from "../scheduler/service.ts";
import { ClusterState } from "../state/cluster.ts";
import { Readers } from "../state/readers.ts";
import { Renderings } from "../state/renderings.ts";
import type { Standings } from "../state/standings.ts";
import type { Master } from "../v0/state.ts";
import { Access } from "./access.ts";
import { flagsOf, MOST_SUBSCRIBERS } from "./flags.ts";
import { MasterMetrics } from "./metrics.ts";
import { Observer } from "./observer.ts";
import { Subscribers } from "./subscribers.ts";

export interface OperatorServiceOptions {
  readonly authorizer: Authorizer;
  readonly metrics: GatewayMetrics;
  readonly schedulers: SchedulerService;
  /** Closed by the service, when the term is over. */
  readonly standings: Standings;
  /** Milliseconds between heartbeats. */
  readonly heartbeat: number;
  /** Of this replica, in the election. */
  readonly identity: string;
  readonly master: MasterInfo | undefined;
}

/** What the leader does for those who watch and run the cluster by the Mesos API. One a term of leadership. */
export class OperatorService implements Runnable {
  readonly name = "operator-api";
  readonly deps: Dependencies;
  readonly scheduling: Scheduling;
  readonly schedulers: SchedulerService;
  readonly access: Access;
  readonly state: ClusterState;
  readonly renderings: Renderings;
  readonly readers: Readers;
  readonly subscribers: Subscribers;
  readonly metrics: MasterMetrics;
  readonly master: Master;
  readonly flags: Readonly<Record<string, string>>;
  readonly verbosity: Verbosity;
  readonly #observer: Observer;
  readonly #standings: Standings;
  readonly #stop = new AbortController();

  constructor(deps: Dependencies, scheduling: Scheduling, options: OperatorServiceOptions) {
    const { authorizer, heartbeat, identity, master, metrics, schedulers, standings } = options;
    this.#standings = standings;
    this.deps = deps;
    this.scheduling = scheduling;
    this.schedulers = schedulers;
    this.access = new Access(authorizer, deps.clock);
    this.state = new ClusterState(deps, scheduling, standings);
    this.renderings = new Renderings(deps.clock);
    this.readers = new Readers(deps.clock);
    this.subscribers = new Subscribers({
      clock: deps.clock,
      state: this.state,
      renderings: this.renderings,
      heartbeat,
      most: MOST_SUBSCRIBERS,
    });
    this.#observer = new Observer(deps, this.state, standings, (events) => this.subscribers.tell(events));
    this.metrics = new MasterMetrics(deps, this.state, metrics, () => this.subscribers.size);
    this.master = {
      info: master ?? masterInfo(identity, `${hostname()}:${deps.config.gateway.port}`),
      startTime: performance.timeOrigin / 1000,
      electedTime: deps.clock.now() / 1000,
    };
    this.flags = flagsOf(deps.config);
    this.verbosity = new Verbosity(deps.logger, deps.clock);
  }

  /** Aborts when the term is over. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  async run(signal: AbortSignal): Promise<void> {
    await aborted(signal);
    this.#stop.abort();
    this.verbosity.reset();
    this.#observer.close();
    this.#standings.close();
    this.subscribers.stop();
    this.metrics.close();
    this.state.close();
  }
}
