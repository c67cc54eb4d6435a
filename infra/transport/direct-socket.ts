/**
 * The socket of a connection of the `nats` package without the package's way to it and from it, which is made of promises:
 * nine for each delivery, four for each write. Whatever the package itself sends and hears keeps its place between.
 */

/** The package's protocol handler, as far as it is reached into. */
export interface SocketOwner {
  readonly transport: PackageTransport;
  readonly outbound: { size(): number };
  /** Queues whole commands behind what was published before. */
  sendCommand(commands: Uint8Array): void;
}

interface PackageTransport {
  /** Gone when the connection is. */
  readonly socket?: PackageSocket | undefined;
  /** Deliveries that the package has not looked at. */
  readonly yields: readonly unknown[];
}

type TakeBytes = (bytes: Uint8Array) => void;

interface PackageSocket {
  listeners(event: "data"): readonly unknown[];
  on(event: "data", listener: TakeBytes): unknown;
  removeListener(event: "data", listener: TakeBytes): unknown;
  write(bytes: Uint8Array): unknown;
  destroy(reason: Error): unknown;
}

export class DirectSocket {
  readonly #owner: SocketOwner;
  readonly #parse: TakeBytes;
  /** The package has looked at everything that was delivered to it. */
  #isDirect = false;

  /** Undefined where a version of the package does not have these places. */
  static of(owner: Partial<SocketOwner>, parse: TakeBytes): DirectSocket | undefined {
    const { transport, outbound } = owner;
    const socket = transport?.socket;
    if (!Array.isArray(transport?.yields) || typeof outbound?.size !== "function") return undefined;
    if (typeof socket?.listeners !== "function") return undefined;
    const listeners = socket.listeners("data");
    if (listeners.length !== 1) return undefined;
    return new DirectSocket(owner as SocketOwner, socket, listeners[0] as TakeBytes, parse);
  }

  private constructor(
    owner: SocketOwner,
    socket: PackageSocket,
    general: TakeBytes,
    parse: TakeBytes,
  ) {
    this.#owner = owner;
    this.#parse = parse;
    socket.on("data", (bytes) => {
      if (this.#isDirect) this.#take(socket, bytes);
      else general(bytes);
    });
    socket.removeListener("data", general);
    this.#beDirectSoon();
  }

  /** Behind whatever the package still has to send. */
  send(commands: Uint8Array): void {
    const { transport, outbound } = this.#owner;
    const { socket } = transport;
    if (socket === undefined || outbound.size() > 0) this.#owner.sendCommand(commands);
    else socket.write(commands);
  }

  /** In a later turn all promises of what was delivered before are settled. */
  #beDirectSoon(): void {
    setImmediate(() => {
      if (this.#owner.transport.yields.length > 0) this.#beDirectSoon();
      else this.#isDirect = true;
    });
  }

  /** The package would stop reading, and its connection be found stale by and by. */
  #take(socket: PackageSocket, bytes: Uint8Array): void {
    try {
      this.#parse(bytes);
    } catch (failure) {
      socket.destroy(failure instanceof Error ? failure : new Error(String(failure)));
    }
  }
}
