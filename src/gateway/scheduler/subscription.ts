import { create } from "@bufbuild/protobuf";
import { type Framework, mesosFrameworkId } from "../../api/framework.ts";
import type { Principal } from "../../auth/authenticator.ts";
import { type Action, type Authorizer, describeAction } from "../../auth/authorizer.ts";
import { ApiError, isTransient } from "../../cluster/errors.ts";
import type { Live } from "../../cluster/object.ts";
import type { Dependencies } from "../../controllers/dependencies.ts";
import { frameworkTerms } from "../../controllers/framework/readiness.ts";
import { roleRefusal } from "../../controllers/world/roles.ts";
import { frameworkInfo, frameworkSpec, rolesOf, type Wishes } from "../../convert/framework.ts";
import { Unsupported } from "../../convert/unsupported.ts";
import { type FrameworkInfo, FrameworkInfoSchema } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { frameworkProblem, optionsProblem, updateProblem } from "./frameworkcheck.ts";
import type { Attempt, Frameworks } from "./frameworks.ts";

/** A SUBSCRIBE or an UPDATE_FRAMEWORK that is refused; the sentence is the framework's. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly kind: "invalid" | "unauthorized";

  constructor(kind: "invalid" | "unauthorized", message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export interface Admission {
  readonly deps: Dependencies;
  readonly frameworks: Frameworks;
  readonly authorizer: Authorizer;
  /** Of frameworks of principals that have none of their own. */
  readonly namespace: string;
}

/** The framework of a SUBSCRIBE: made, or brought up to date. Rejects with Refusal, and with what isTransient when it cannot be told now. */
export async function admit(
  admission: Admission,
  wishes: Wishes,
  principal: Principal | undefined,
  attempt: Attempt,
): Promise<{ readonly framework: Live<Framework>; readonly made: boolean }> {
  const { frameworks } = admission;
  const { id = "" } = attempt;
  const own = withPrincipal(wishes, principal);
  refuseIf(frameworkProblem(own.info));
  const known = id === "" ? undefined : frameworks.find(id);
  if (id !== "" && known === undefined && frameworks.isCompleted(id)) {
    throw new Refusal("invalid", "Framework has been removed");
  }
  const namespace = known?.metadata.namespace ?? principal?.namespace ?? admission.namespace;
  judge(admission, own, namespace);
  await authorize(admission.authorizer, principal, own, namespace, known);
  if (known === undefined) {
    const framework = await written(() => frameworks.create(own, namespace, attempt));
    return { framework, made: true };
  }
  if (known.spec.connection.type !== "Gateway") {
    throw new Refusal("invalid", `the framework ${known.metadata.name} is not one that speaks the Mesos API`);
  }
  const before = frameworkInfo(known, mesosFrameworkId(known));
  const kept = withInfo(own, { user: before.user, checkpoint: before.checkpoint });
  refuseIf(updateProblem(before, kept.info));
  return { framework: await written(() => frameworks.update(known, kept)), made: false };
}

/** The framework after an UPDATE_FRAMEWORK: all of it, or nothing. Rejects as `admit` does. */
export async function revise(
  admission: Admission,
  framework: Live<Framework>,
  wishes: Wishes,
  principal: Principal | undefined,
): Promise<Live<Framework>> {
  const problem = frameworkProblem(wishes.info);
  refuseIf(problem && `Supplied FrameworkInfo is not valid: ${problem}`);
  const update = updateProblem(frameworkInfo(framework, mesosFrameworkId(framework)), wishes.info);
  refuseIf(update && `FrameworkInfo update is not valid: ${update}`);
  const { namespace = "" } = framework.metadata;
  try {
    judge(admission, wishes, namespace);
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    throw new Refusal("invalid", `'UpdateFramework' call is not valid: ${cause.message}`, { cause });
  }
  await authorize(admission.authorizer, principal, wishes, namespace, framework);
  return written(() => admission.frameworks.update(framework, wishes));
}

function refuseIf(problem: string | undefined): void {
  if (problem !== undefined) throw new Refusal("invalid", problem);
}

/** Of somebody who says who he is, the framework is his, also when it does not say so. */
function withPrincipal(wishes: Wishes, principal: Principal | undefined): Wishes {
  if (principal === undefined || wishes.info.principal !== "") return wishes;
  return withInfo(wishes, { principal: principal.name });
}

function withInfo(wishes: Wishes, fields: Partial<FrameworkInfo>): Wishes {
  const { $typeName: _name, ...info } = wishes.info;
  return { ...wishes, info: Object.assign(create(FrameworkInfoSchema, info), fields) };
}

/** Roles and options, as far as they can be judged without asking anybody. */
function judge({ deps }: Admission, wishes: Wishes, namespace: string): void {
  refuseIf(optionsProblem(wishes));
  const { caches, config } = deps;
  for (const role of rolesOf(wishes.info)) {
    const paths = (path: string) => caches.roles.store.by("path", path);
    refuseIf(roleRefusal(paths, role, namespace, config.roles.implicit)?.message);
  }
  try {
    const terms = frameworkTerms(frameworkSpec(wishes));
    if ("reason" in terms) refuseIf(`Offer constraints are not valid: ${terms.message}`);
  } catch (cause) {
    if (cause instanceof Unsupported) throw new Refusal("invalid", cause.message, { cause });
    throw cause;
  }
}

/** Frameworks are made and changed by who may do so in Kubernetes, for roles that he may use. */
async function authorize(
  authorizer: Authorizer,
  principal: Principal | undefined,
  wishes: Wishes,
  namespace: string,
  known: Live<Framework> | undefined,
): Promise<void> {
  if (principal === undefined) return;
  const framework: Action =
    known === undefined
      ? { verb: "create", resource: "frameworks", namespace }
      : { verb: "update", resource: "frameworks", name: known.metadata.name, namespace };
  const roles = rolesOf(wishes.info).map((name): Action => ({ verb: "use", resource: "roles", name }));
  for (const action of [framework, ...roles]) {
    let allowed: boolean;
    try {
      allowed = await authorizer.allows(principal.user, action);
    } catch (cause) {
      if (isTransient(cause)) throw cause;
      throw new Refusal("invalid", `Authorization failure: ${sentence(cause)}`, { cause });
    }
    if (!allowed) throw new Refusal("unauthorized", `Not authorized to ${describeAction(action)}`);
  }
}

async function written<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if (isTransient(cause)) throw cause;
    throw new Refusal("invalid", sentence(cause), { cause });
  }
}

function sentence(error: unknown): string {
  if (error instanceof ApiError) return error.status.message ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
