/** Frameworks, and as clients each framework in each of its roles, numbered, with what they hold. */
import { visibilityMask } from "../eligibility.ts";
import type { FrameworkState } from "../world.ts";
import type { Keys } from "./ranked.ts";
import type { RoleNode, Roles } from "./roles.ts";
import { grown, type Space, type Table } from "./space.ts";

export class Framework {
  readonly id: string;
  /** Undefined for one that only holds something. */
  state: FrameworkState | undefined;
  /** By role; some may be of roles that it has left and still holds something in. */
  readonly clients = new Map<string, number>();
  suppressed: ReadonlySet<string> = new Set();
  mask = 0;
  outstanding = 0;
  /** Has as many offers as it may have. */
  full = false;

  constructor(id: string) {
    this.id = id;
  }
}

export class Clients {
  readonly keys: Keys;
  readonly held: Table;
  /** By client. */
  readonly frameworks: Framework[] = [];
  readonly roles: RoleNode[] = [];
  readonly byId = new Map<string, Framework>();
  made = new Float64Array(0);
  /** How many offers and agents it holds something of. */
  holds = new Int32Array(0);
  /** A bit for each client that takes offers: its framework is active and has not suppressed the role. */
  live = new Uint32Array(0);
  /** A bit for each client whose framework is full. */
  full = new Uint32Array(0);
  fullCount = 0;
  /** A bit for each client whose framework was full in the last round and is not now. */
  opened = new Uint32Array(0);
  openedCount = 0;
  liveCount = 0;
  readonly #free: number[] = [];
  readonly #tree: Roles;

  constructor(space: Space, roles: Roles, keys: Keys) {
    this.#tree = roles;
    this.held = space.table();
    this.keys = keys;
  }

  /** How many words have a bit for every client. */
  get words(): number {
    return this.live.length;
  }

  framework(id: string): Framework {
    const known = this.byId.get(id);
    if (known !== undefined) return known;
    const framework = new Framework(id);
    this.byId.set(id, framework);
    return framework;
  }

  find(framework: string, role: string): number | undefined {
    return this.byId.get(framework)?.clients.get(role);
  }

  /** The framework's client in the role, made if it is not there. */
  get(framework: Framework, role: string): number {
    const known = framework.clients.get(role);
    if (known !== undefined) return known;
    const client = this.#free.pop() ?? this.frameworks.length;
    this.frameworks[client] = framework;
    this.roles[client] = this.#tree.get(role);
    framework.clients.set(role, client);
    this.#ensure(client + 1);
    this.held.clear(client);
    this.made[client] = 0;
    this.holds[client] = 0;
    this.#setFull(client, framework.full);
    return client;
  }

  #ensure(clients: number): void {
    this.keys.ensure(clients);
    this.held.ensure(clients);
    this.made = grown(this.made, clients);
    this.holds = grown(this.holds, clients);
    const words = (clients + 31) >>> 5;
    this.live = grown(this.live, words);
    this.full = grown(this.full, words);
    this.opened = grown(this.opened, words);
  }

  isLive(client: number): boolean {
    return ((this.live[client >>> 5] ?? 0) & (1 << (client & 31))) !== 0;
  }

  setLive(client: number, live: boolean): void {
    if (this.isLive(client) === live) return;
    this.live[client >>> 5] = (this.live[client >>> 5] ?? 0) ^ (1 << (client & 31));
    this.liveCount += live ? 1 : -1;
    const role = this.roles[client];
    if (role === undefined) return;
    role.clientsStale = true;
    this.#tree.addLive(role, live ? 1 : -1);
  }

  #setFull(client: number, full: boolean): void {
    const bit = 1 << (client & 31);
    const word = this.full[client >>> 5] ?? 0;
    if (((word & bit) !== 0) === full) return;
    this.full[client >>> 5] = word ^ bit;
    this.fullCount += full ? 1 : -1;
    const opened = this.opened[client >>> 5] ?? 0;
    if (((opened & bit) === 0) === full) return;
    this.opened[client >>> 5] = opened ^ bit;
    this.openedCount += full ? -1 : 1;
  }

  /** A round has seen who opened. */
  forgetOpened(): void {
    if (this.openedCount === 0) return;
    this.opened.fill(0);
    this.openedCount = 0;
  }

  /** After its outstanding offers or how many it may have have changed. */
  countOutstanding(framework: Framework, outstanding: number, most: number): void {
    framework.outstanding = outstanding;
    const full = outstanding >= most;
    if (full === framework.full) return;
    framework.full = full;
    for (const client of framework.clients.values()) this.#setFull(client, full);
  }

  addMade(client: number, offers: number): void {
    this.made[client] = (this.made[client] ?? 0) + offers;
    const role = this.roles[client];
    if (role !== undefined) this.#tree.addMade(role, offers);
  }

  addHolds(client: number, times: number): void {
    this.holds[client] = (this.holds[client] ?? 0) + times;
    if (times < 0) this.release(client);
  }

  /** The framework waits in the role from now on; `made`: offers that it was made there before. */
  join(client: number, made: number): void {
    const role = this.roles[client];
    if (role === undefined || role.members.has(client)) return;
    role.members.add(client);
    role.clientsStale = true;
    this.addMade(client, made);
  }

  /** The framework has left the role. */
  leave(client: number): void {
    const role = this.roles[client];
    if (role === undefined || !role.members.delete(client)) return;
    this.setLive(client, false);
    role.clientsStale = true;
    this.addMade(client, -(this.made[client] ?? 0));
    this.release(client);
  }

  /** Forgets a client that neither waits nor holds anything. It has no filters. */
  release(client: number): void {
    const role = this.roles[client];
    const framework = this.frameworks[client];
    if (role === undefined || framework === undefined) return;
    if (role.members.has(client) || (this.holds[client] ?? 0) > 0) return;
    if (framework.clients.get(role.path) !== client) return;
    framework.clients.delete(role.path);
    this.#free.push(client);
    if (framework.clients.size === 0 && framework.state === undefined) this.byId.delete(framework.id);
  }

  describe(framework: Framework, state: FrameworkState): void {
    framework.state = state;
    framework.mask = visibilityMask(state.capabilities);
    framework.suppressed = state.suppressedRoles ?? new Set();
  }
}
