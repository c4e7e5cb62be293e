import { randomUUID } from "node:crypto";
import { roleProblem } from "./frameworkcheck.ts";
import type { Frameworks } from "./frameworks.ts";
import { persist } from "./persist.ts";
import type { Session, SessionContext } from "./session.ts";

/** What a framework wants offers for: SUPPRESS and REVIVE, written into its object one after the other. */
export class Demand {
  readonly #context: SessionContext;
  readonly #frameworks: Frameworks;
  /** By framework: the roles suppressed once all that was asked for is written, and the writing. */
  readonly #pending = new Map<string, { suppressed: ReadonlySet<string>; tail: Promise<void> }>();

  constructor(context: SessionContext, frameworks: Frameworks) {
    this.#context = context;
    this.#frameworks = frameworks;
  }

  /** No offers for these roles, or for none of all. One role that is not the framework's drops the call (Mesos: Master::suppress). */
  suppress(session: Session, roles: readonly string[]): void {
    if (!this.#areIts(session, roles)) return;
    const all = roles.length === 0 ? session.framework.spec.roles : roles;
    const suppressed = new Set([...this.#suppressed(session), ...all]);
    this.#write(session, suppressed, {});
  }

  /** Offers for these roles, or for all, also of what was declined. */
  revive(session: Session, roles: readonly string[]): void {
    if (!this.#areIts(session, roles)) return;
    const all = roles.length === 0 ? session.framework.spec.roles : roles;
    const suppressed = [...this.#suppressed(session)].filter((role) => !all.includes(role));
    this.#write(session, new Set(suppressed), { revive: { id: randomUUID(), roles } });
  }

  /** Resolves once all that this framework ("namespace/name") has asked for until now is written, or never will be. */
  async written(key: string): Promise<void> {
    await this.#pending.get(key)?.tail;
  }

  #suppressed({ key, framework }: Session): ReadonlySet<string> {
    return this.#pending.get(key)?.suppressed ?? new Set(framework.spec.suppressedRoles);
  }

  #areIts({ key, framework }: Session, roles: readonly string[]): boolean {
    const strange = roles.find(
      (role) => roleProblem(role) !== undefined || !framework.spec.roles.includes(role),
    );
    if (strange === undefined) return true;
    this.#context.deps.logger.info(
      { framework: key, role: strange },
      "drops a call for a role that is not its",
    );
    return false;
  }

  #write(session: Session, suppressed: ReadonlySet<string>, more: object): void {
    const { deps, signal } = this.#context;
    const spec = { suppressedRoles: [...suppressed], ...more };
    const before = this.#pending.get(session.key)?.tail ?? Promise.resolve();
    const tail = before.then(async () => {
      await persist(deps, "what a framework wants", signal, async () => {
        session.changed(await this.#frameworks.patch(session.framework, spec));
      });
      if (this.#pending.get(session.key) === entry) this.#pending.delete(session.key);
    });
    const entry = { suppressed, tail };
    this.#pending.set(session.key, entry);
  }
}
