import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy before the API server: the network's faults, made on purpose. */
export class FaultyProxy {
  readonly #target: URL;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #held = false;
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
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Connections stay open and nothing passes any more. */
  hold(): void {
    this.#held = true;
    for (const socket of this.#sockets) socket.pause();
  }

  release(): void {
    this.#held = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    this.accepted += 1;
    const upstream = connect(Number(this.#target.port), this.#target.hostname);
    this.#forward(client, upstream);
    this.#forward(upstream, client);
  }

  #forward(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    if (this.#held) from.pause();
    from.on("data", (data) => to.write(data));
    from.on("error", () => {});
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
