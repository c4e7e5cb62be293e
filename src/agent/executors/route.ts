import { create } from "@bufbuild/protobuf";
import { type Framework, mesosFrameworkId } from "../../api/framework.ts";
import type { Resource } from "../../cluster/resource.ts";
import type { Clock } from "../../cluster/time.ts";
import { frameworkInfo, traits } from "../../convert/framework.ts";
import { type Answer, badRequest, forbidden } from "../../http/answer.ts";
import { notAcceptable, readCall } from "../../http/call.ts";
import type { Throttle } from "../../http/throttle.ts";
import { type Call, Call_Type, CallSchema } from "../../wire/gen/mesos/v1/executor/executor_pb.ts";
import { FrameworkInfoSchema } from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { acceptedEncoding, type Encoding } from "../../wire/media.ts";
import type { Exchange, Route } from "../http/routes.ts";
import type { TaskRun } from "../run/taskRun.ts";
import { callProblem } from "./callCheck.ts";
import { type ExecutorHub, isToken } from "./hub.ts";
import { ExecutorSession } from "./session.ts";
import { statusUpdate } from "./update.ts";

export interface ExecutorRouteOptions {
  readonly hub: ExecutorHub;
  readonly frameworks: Pick<Resource<Framework>, "get">;
  /** Whether executors must send the token of their environment (Mesos: authenticate_http_executors). */
  readonly authenticate: boolean;
  /** Why nothing can be answered yet. */
  readonly recovering: () => boolean;
  /** By executor. */
  readonly throttle: Throttle;
  readonly clock: Clock;
}

/** Bytes of a status's data and of a message that are passed on. */
const MOST_DATA = 48 * 1024;
/** Milliseconds that the API server is given to tell of a framework. */
const ASK_TIMEOUT = 2_000;

/** Mesos's executor API: the checks of Mesos's agent in its order (src/slave/http.cpp, Http::executor). */
export function executorRoute(options: ExecutorRouteOptions): Route {
  return {
    methods: ["POST"],
    paths: ["/api/v1/executor"],
    plain: true,
    handle: (exchange) => handle(options, exchange),
  };
}

async function handle(options: ExecutorRouteOptions, exchange: Exchange): Promise<Answer | undefined> {
  const { headers } = exchange.request;
  if (options.recovering()) return { status: 503, body: "Agent has not finished recovery" };
  const read = await readCall(CallSchema, headers["content-type"], () => exchange.body());
  if ("refusal" in read) return read.refusal;
  const { call } = read;
  const problem = callProblem(call);
  if (problem !== undefined) return badRequest(`Failed to validate Executor::Call: ${problem}`);
  const accepted = acceptedEncoding(headers.accept);
  if (call.type === Call_Type.SUBSCRIBE && accepted === undefined) return notAcceptable;
  const run = options.hub.find(call.frameworkId?.value ?? "", call.executorId?.value ?? "");
  const refusal = refusalOf(options, run, headers.authorization);
  if (refusal !== undefined) return refusal;
  if (typeof run === "string")
    return badRequest(`${run === "framework" ? "Framework" : "Executor"} cannot be found`);
  if (!(await options.throttle.admit(run.uid))) {
    return options.throttle.refusal("too many calls of this executor are waiting");
  }
  if (call.type === Call_Type.SUBSCRIBE) return subscribe(options, exchange, run, call, accepted ?? "json");
  return perform(options, run, call);
}

/** Who has no token is not told what there is. */
function refusalOf(
  { authenticate }: ExecutorRouteOptions,
  run: TaskRun | string,
  header: string | undefined,
): Answer | undefined {
  const token = /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
  if (token === undefined) {
    if (!authenticate && header === undefined) return undefined;
    return { status: 401, headers: { "WWW-Authenticate": 'Bearer realm="mesos-agent-executor"' } };
  }
  if (typeof run === "string") return undefined;
  return isToken(run.record, token) ? undefined : forbidden("The token is not that of this executor");
}

async function subscribe(
  { hub, frameworks, clock }: ExecutorRouteOptions,
  { response }: Exchange,
  run: TaskRun,
  { subscribe: wish }: Call,
  encoding: Encoding,
): Promise<undefined> {
  const { namespace, spec, framework } = run.record;
  const signal = AbortSignal.timeout(ASK_TIMEOUT);
  // The API server may be away; the executor is served all the same.
  const object = await frameworks
    .get({ namespace, name: spec.framework ?? "" }, { signal })
    .catch(() => undefined);
  const info =
    object === undefined
      ? create(FrameworkInfoSchema, {
          user: framework.user ?? "",
          name: spec.framework ?? "",
          id: { value: framework.id },
        })
      : frameworkInfo(object, mesosFrameworkId(object));
  const how = object === undefined ? { multiRole: false, refinement: false } : traits(object, framework.id);
  hub.subscribe(run, {
    session: new ExecutorSession(response, encoding, how),
    framework: info,
    unacknowledgedTasks: new Set((wish?.unacknowledgedTasks ?? []).map(({ taskId }) => taskId?.value ?? "")),
    unacknowledgedUpdates: (wish?.unacknowledgedUpdates ?? []).flatMap(({ status }) =>
      status === undefined
        ? []
        : [{ taskId: status.taskId?.value ?? "", update: statusUpdate(status, clock.now()) }],
    ),
  });
  return undefined;
}

async function perform({ hub, clock }: ExecutorRouteOptions, run: TaskRun, call: Call): Promise<Answer> {
  if (!hub.isSubscribed(run.uid)) return forbidden("Executor is not subscribed");
  switch (call.type) {
    case Call_Type.UPDATE: {
      const status = call.update?.status;
      if (status === undefined) return badRequest("Expecting 'update' to be present");
      if (status.data.length > MOST_DATA) return badRequest(`status.data has at most ${MOST_DATA} bytes`);
      await hub.tell(run, status.taskId?.value ?? "", statusUpdate(status, clock.now()));
      return { status: 202 };
    }
    case Call_Type.MESSAGE:
      hub.say(run, call.message?.data ?? new Uint8Array());
      return { status: 202 };
    case Call_Type.HEARTBEAT:
      return { status: 202 };
    default:
      return { status: 501 };
  }
}
