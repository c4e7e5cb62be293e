/**
 * Where some ask and one answers: asks made before anyone listens are kept. A handler is called at once, so it must be quick
 * (put it into a queue).
 */
export class Mailbox<Message> {
  #handler: ((message: Message) => void) | undefined;
  #waiting: Message[] = [];

  send(message: Message): void {
    if (this.#handler) this.#handler(message);
    else this.#waiting.push(message);
  }

  /** Takes over; returns how to stop. What was sent since the last handler stopped comes first. */
  receive(handler: (message: Message) => void): () => void {
    this.#handler = handler;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) handler(message);
    return () => {
      if (this.#handler === handler) this.#handler = undefined;
    };
  }
}
