import type { ServerResponse } from "node:http";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { FrameworkTraits } from "../../convert/offer.ts";
import type { ResourceForm } from "../../convert/resources.ts";
import { RecordStream } from "../../http/recordstream.ts";
import { encode } from "../../wire/codec.ts";
import { Event_Type, EventSchema } from "../../wire/gen/mesos/v1/executor/executor_pb.ts";
import { type Encoding, MEDIA_TYPE } from "../../wire/media.ts";

export type ExecutorEvent = MessageInitShape<typeof EventSchema>;

/** Mesos: src/slave/constants.hpp, DEFAULT_EXECUTOR_HEARTBEAT_INTERVAL; milliseconds. */
const HEARTBEAT = 30 * 60_000;
/** Bytes that may wait for one executor. */
const MOST_BUFFERED = 8 << 20;

/** The stream of one subscription of one executor. */
export class ExecutorSession extends RecordStream {
  readonly #encoding: Encoding;
  readonly #traits: Pick<FrameworkTraits, "multiRole" | "refinement">;

  constructor(
    response: ServerResponse,
    encoding: Encoding,
    traits: Pick<FrameworkTraits, "multiRole" | "refinement">,
  ) {
    super(response, { "Content-Type": MEDIA_TYPE[encoding] }, MOST_BUFFERED);
    this.#encoding = encoding;
    this.#traits = traits;
    const beat = setInterval(() => this.send({ type: Event_Type.HEARTBEAT }), HEARTBEAT);
    beat.unref();
    void this.closed.then(() => clearInterval(beat));
  }

  /** How resources allocated to the role are told to this framework. */
  form(role: string): ResourceForm {
    const { multiRole, refinement } = this.#traits;
    return { refinement, ...(multiRole && { allocationRole: role }) };
  }

  /** False: there is nobody any more to tell. */
  send(event: ExecutorEvent): boolean {
    return this.open && this.write(encode(this.#encoding, EventSchema, create(EventSchema, event)));
  }
}
