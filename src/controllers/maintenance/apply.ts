import { isDeepStrictEqual } from "node:util";
import type { Agent, MaintenanceStatus } from "../../api/agent.ts";
import type { Offer } from "../../api/offer.ts";
import { Applier } from "../../cluster/apply.ts";
import { isAlreadyExists, isNotFound } from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import type { Dependencies } from "../dependencies.ts";
import { eachLimited } from "../limited.ts";
import { closeOffer } from "../offer/closer.ts";
import type { Assumptions } from "../world/assumptions.ts";
import type { Scheduling } from "../world/scheduling.ts";
import { announce } from "./announce.ts";
import type { MaintenancePlan } from "./decide.ts";
import { questionObject } from "./question.ts";

const MANAGER = "mesos-operator";
/** Owner of Agent.status.maintenance and of nothing else. */
const STATUS_MANAGER = "mesos-operator-maintenance";
const WIDTH = 8;

/** Carries out plans. Each write can be done again: the API server refuses what another has done meanwhile. */
export class PlanApplier {
  readonly #deps: Dependencies;
  readonly #scheduling: Scheduling;
  readonly #agents: Assumptions<Agent>;
  readonly #status: Applier<Agent>;

  /** `agents` is told of each Agent as the API server has it then. */
  constructor(deps: Dependencies, scheduling: Scheduling, agents: Assumptions<Agent>) {
    this.#deps = deps;
    this.#scheduling = scheduling;
    this.#agents = agents;
    this.#status = new Applier(deps.clients.agents, STATUS_MANAGER);
  }

  /** Rejects with a conflict for an Offer that was answered meanwhile, once the others are closed. */
  async close(closings: MaintenancePlan["close"], signal: AbortSignal): Promise<void> {
    await eachLimited(closings, WIDTH, async ({ offer, closing }) => {
      await unlessGone(closeOffer(this.#deps, this.#scheduling, offer, closing, signal));
      const { reason, message = "" } = closing;
      if (reason === undefined) return;
      const note = { type: "Normal" as const, reason, message: `${closing.state.toLowerCase()}: ${message}` };
      this.#deps.recorder.record(offer, note);
    });
  }

  async publish(
    agent: Live<Agent>,
    status: MaintenanceStatus | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const before = agent.status?.maintenance;
    if (isDeepStrictEqual(plain(before), plain(status))) return;
    const fields = status ? { maintenance: status } : {};
    const written = this.#status.status(agent, fields, { signal });
    await unlessGone(written.then((now) => this.#agents.assume(now)));
    announce(this.#deps.recorder, agent, before, status);
  }

  async ask(questions: MaintenancePlan["ask"], signal: AbortSignal): Promise<void> {
    const { clients, clock } = this.#deps;
    await eachLimited(questions, WIDTH, async ({ question, resources }) => {
      const object = questionObject(question, resources, clock.now());
      const made = await clients.offers
        .create(object, { fieldManager: MANAGER, signal })
        .catch((error: unknown) => this.#existing(object, error, signal));
      this.#scheduling.assumed.offers.assume(made);
    });
  }

  async forget(offers: readonly Live<Offer>[], signal: AbortSignal): Promise<void> {
    await eachLimited(offers, WIDTH, async ({ metadata }) => {
      await unlessGone(this.#deps.clients.offers.delete(metadata, { uid: metadata.uid, signal }));
    });
  }

  /** Made by an earlier try whose answer was lost, or by the leader before. */
  #existing(object: Offer, error: unknown, signal: AbortSignal): Promise<Live<Offer>> {
    if (!isAlreadyExists(error)) throw error;
    return this.#deps.clients.offers.get(object.metadata, { signal });
  }
}

async function unlessGone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** As it travels: without what is undefined. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));
