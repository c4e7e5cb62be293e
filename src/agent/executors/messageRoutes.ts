import { createHash } from "node:crypto";
import { type Authenticator, authenticate } from "../../auth/authenticator.ts";
import { type Answer, badRequest, forbidden } from "../../http/answer.ts";
import { RecordStream } from "../../http/recordstream.ts";
import type { Throttle } from "../../http/throttle.ts";
import { type ExecutorMessage, executorMessage, MESSAGES_PATH } from "../../wire/executormessage.ts";
import type { Exchange, Route } from "../http/routes.ts";
import type { ExecutorHub } from "./hub.ts";

export interface MessageRouteOptions {
  readonly hub: ExecutorHub;
  readonly authenticator: Authenticator;
  /** The user that the operator is to Kubernetes: nobody else is let in. */
  readonly operator: string;
  /** By address, of those whose token is not the one that was right last: the API server is asked about no more of them. */
  readonly sources: Throttle;
  /** Served without TLS too: the agent has none. */
  readonly plain: boolean;
}

/** Bytes that may wait for one listener: what is more is lost with it, as Mesos loses messages. */
const MOST_BUFFERED = 8 << 20;

/** The gateway's way to the executors of this node. */
export function messageRoutes({
  hub,
  authenticator,
  operator,
  sources,
  plain,
}: MessageRouteOptions): Route[] {
  let known: string | undefined;
  const refusal = async ({ request }: Exchange): Promise<Answer | undefined> => {
    const { authorization } = request.headers;
    if (authorization === undefined) return unauthorized;
    const digest = createHash("sha256").update(authorization).digest("hex");
    if (digest !== known && !(await sources.admit(request.socket.remoteAddress))) {
      return sources.refusal("too many of your requests are waiting");
    }
    const who = await authenticate([authenticator], false, authorization);
    if (who.kind !== "principal") return unauthorized;
    if (who.principal.user.username !== operator) return forbidden("only the operator may");
    known = digest;
    return undefined;
  };
  return [
    {
      methods: ["POST"],
      paths: [MESSAGES_PATH],
      plain,
      handle: async (exchange) => (await refusal(exchange)) ?? deliver(hub, await exchange.body()),
    },
    {
      methods: ["GET"],
      paths: [MESSAGES_PATH],
      plain,
      handle: async (exchange) => (await refusal(exchange)) ?? follow(hub, exchange),
    },
  ];
}

const unauthorized: Answer = { status: 401, headers: { "WWW-Authenticate": "Bearer" } };

function deliver(hub: ExecutorHub, body: Buffer): Answer {
  let message: ExecutorMessage;
  try {
    message = executorMessage.parse(JSON.parse(body.toString("utf8")));
  } catch {
    return badRequest("not a message");
  }
  const run = hub.find(message.frameworkId, message.executorId);
  const there = typeof run !== "string" && hub.message(run, Buffer.from(message.data, "base64"));
  return { status: there ? 202 : 404 };
}

function follow(hub: ExecutorHub, { response }: Exchange): undefined {
  const stream = new RecordStream(response, { "Content-Type": "application/json" }, MOST_BUFFERED);
  const stop = hub.onMessage(({ framework, executor }, data) => {
    const message: ExecutorMessage = {
      frameworkId: framework.id,
      executorId: executor?.spec.executorId ?? "",
      data: Buffer.from(data).toString("base64"),
    };
    stream.write(Buffer.from(JSON.stringify(message)));
  });
  void stream.closed.then(stop);
}
