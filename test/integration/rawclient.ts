import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";

/** A connection on which somebody writes bytes of his own. */
export class RawClient {
  readonly socket: Socket;
  /** All that came, once the other side has ended the connection. */
  readonly answer: Promise<string>;

  private constructor(socket: Socket) {
    this.socket = socket;
    let text = "";
    socket.on("data", (chunk) => {
      text += String(chunk);
    });
    // Cut off is an end too.
    socket.on("error", () => {});
    this.answer = new Promise((resolve) => socket.once("close", () => resolve(text)));
  }

  /** Resolves once it is connected, with TLS where its options are given. */
  static async open(port: number, tls?: ConnectionOptions): Promise<RawClient> {
    const socket =
      tls === undefined ? connect(port, "127.0.0.1") : connectTls({ ...tls, port, host: "127.0.0.1" });
    const client = new RawClient(socket);
    await once(socket, tls === undefined ? "connect" : "secureConnect");
    return client;
  }

  /** With these bytes, what the other side says until it ends the connection. */
  static async say(port: number, text: string, tls?: ConnectionOptions): Promise<string> {
    const client = await RawClient.open(port, tls);
    client.socket.write(text);
    return client.answer;
  }
}

/** The head of a POST, and the first of ten bytes of its body. */
export const slowPost = (path: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{`;
export const HALF_A_HEAD = "POST /api/v1 HTTP/1.1\r\nHost: a\r\n";
