import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy before the API server: the network's faults, made on purpose. */
export class FaultyProxy {
  readonly #target: URL;
  readonly #server: Server;
  readonly #sockets = new Map<Socket, "client" | "server">();
  #held = false;
  #mute = false;
  /** Connections accepted so far. */
  accepted = 0;

  constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  /** Resolves with the address to use in the API server's place. */
  start(): Promise<URL> {
    return new Promise((resolve) => {
      this.#server.listen(0, "127.0.0.1", () => {
        const { port } = this.#server.address() as AddressInfo;
        resolve(new URL(`https://127.0.0.1:${port}`));
      });
    });
  }

  get open(): number {
    return this.#sockets.size / 2;
  }

  /** Resets every connection. */
  cut(): void {
    for (const socket of this.#sockets.keys()) socket.resetAndDestroy();
  }

  /** Connections stay open and nothing passes any more. */
  hold(): void {
    this.#held = true;
    for (const socket of this.#sockets.keys()) socket.pause();
  }

  /** What is asked arrives, and no answer comes back; until then they are kept. */
  mute(): void {
    this.#mute = true;
    for (const [socket, from] of this.#sockets) if (from === "server") socket.pause();
  }

  release(): void {
    this.#held = false;
    this.#mute = false;
    for (const socket of this.#sockets.keys()) socket.resume();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    this.accepted += 1;
    const upstream = connect(Number(this.#target.port), this.#target.hostname);
    this.#forward(client, upstream, "client");
    this.#forward(upstream, client, "server");
  }

  #forward(from: Socket, to: Socket, end: "client" | "server"): void {
    this.#sockets.set(from, end);
    if (this.#held || (this.#mute && end === "server")) from.pause();
    from.on("data", (data) => to.write(data));
    from.on("error", () => {});
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
