/**
 * A connection of the `nats` package on which messages take a shorter way, in and out, through three places inside
 * of the package: its parser, the queue of what it is to send, and its socket. All else of a connection remains the package's:
 * handshake, TLS, pings, errors, and what it does when a connection is lost. Where a version of the package does not
 * have these places, the connection is used as it is.
 */
import type { NatsConnection } from "nats";
import { DirectSocket, type SocketOwner } from "./direct-socket.ts";
import { MessageParser, type GeneralParser } from "./message-parser.ts";
import type { LinkHeaders, LinkStatus, LinkSubscribing, NatsLink } from "./nats-link.ts";
import { PublishBuffer } from "./publish-buffer.ts";

interface Protocol extends Partial<Omit<SocketOwner, "sendCommand">> {
  parser: GeneralParser;
  /** Queues whole commands behind what was published before. */
  sendCommand(commands: Uint8Array): void;
}

/** The shorter way where the package has it. */
export function linkOver(connection: NatsConnection): NatsLink {
  const protocol = protocolOf(connection);
  return protocol === undefined ? connection : new TcpLink(connection, protocol);
}

function protocolOf(connection: NatsConnection): Protocol | undefined {
  const { protocol } = connection as { protocol?: Partial<Protocol> };
  if (typeof protocol?.sendCommand !== "function") return undefined;
  const { parser } = protocol as { parser?: Partial<GeneralParser> };
  const isKnown = typeof parser?.parse === "function" && typeof parser.state === "number";
  return isKnown ? (protocol as Protocol) : undefined;
}

export class TcpLink implements NatsLink {
  readonly #connection: NatsConnection;
  readonly #parser: MessageParser;
  readonly #published: PublishBuffer;
  readonly #flushPublished = (): void => this.#published.flush();

  constructor(connection: NatsConnection, protocol: Protocol) {
    this.#connection = connection;
    const general = protocol.parser;
    const parser = new MessageParser(general);
    this.#parser = parser;
    protocol.parser = {
      get state() {
        return general.state;
      },
      parse: (bytes) => parser.parse(bytes),
    };
    const direct = DirectSocket.of(protocol, (bytes) => protocol.parser.parse(bytes));
    this.#published = new PublishBuffer((commands) =>
      direct === undefined ? protocol.sendCommand(commands) : direct.send(commands),
    );
  }

  get info(): NonNullable<NatsLink["info"]> {
    return { max_payload: this.#connection.info?.max_payload ?? 0 };
  }

  publish(
    subject: string,
    payload: Uint8Array,
    options?: { reply?: string; headers?: LinkHeaders; atOnce?: boolean },
  ): void {
    const published = this.#published;
    if (options?.headers !== undefined) {
      published.flush();
      this.#connection.publish(subject, payload, options as object);
      return;
    }
    const atOnce = options?.atOnce === true;
    if (published.isEmpty && !atOnce) queueMicrotask(this.#flushPublished);
    published.add(subject, options?.reply ?? "", payload);
    if (atOnce) published.flush();
  }

  subscribe(subject: string, { callback, plain }: LinkSubscribing): { unsubscribe(): void } {
    this.#published.flush();
    const subscription = this.#connection.subscribe(subject, { callback });
    const number = subscription.getID();
    if (plain !== undefined) this.#parser.take(number, plain);
    return {
      unsubscribe: () => {
        this.#parser.forget(number);
        this.#published.flush();
        subscription.unsubscribe();
      },
    };
  }

  flush(): Promise<void> {
    this.#published.flush();
    return this.#connection.flush();
  }

  status(): AsyncIterable<LinkStatus> {
    return this.#connection.status();
  }

  isClosed(): boolean {
    return this.#connection.isClosed();
  }

  closed(): Promise<void | Error> {
    return this.#connection.closed();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
