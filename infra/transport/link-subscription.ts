/** One subscription of a transport, carried from connection to connection, and the messages it hands over. */
import type { LinkMessage, NatsLink } from "./nats-link.ts";
import type { InboundMessage, Subscription } from "./transport.ts";

export interface SubscriptionOwner {
  /** Whether messages of that connection are still to be handed over. */
  accepts(link: NatsLink): boolean;
  /** Must not throw: the NATS package would stop reading, silently. */
  handle(message: InboundMessage): void;
  refused(failure: Error): void;
  closed(): void;
}

export class LinkSubscription implements Subscription {
  readonly #subject: string;
  readonly #owner: SubscriptionOwner;
  #current: { unsubscribe(): void } | undefined;
  #closed = false;

  constructor(subject: string, owner: SubscriptionOwner) {
    this.#subject = subject;
    this.#owner = owner;
  }

  /** Subscribes on a new connection; what an older one still delivers is dropped. */
  open(link: NatsLink): void {
    this.#current = link.subscribe(this.#subject, {
      callback: (failure, message) => {
        if (failure !== null) this.#owner.refused(failure);
        else this.#hear(link, new LinkInboundMessage(message));
      },
      plain: (message) => this.#hear(link, message),
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#current?.unsubscribe();
    this.#owner.closed();
  }

  #hear(link: NatsLink, message: InboundMessage): void {
    if (!this.#closed && this.#owner.accepts(link)) this.#owner.handle(message);
  }
}

class LinkInboundMessage implements InboundMessage {
  readonly #message: LinkMessage;

  constructor(message: LinkMessage) {
    this.#message = message;
  }

  get subject(): string {
    return this.#message.subject;
  }

  get payload(): Uint8Array {
    return this.#message.data;
  }

  get reply(): string | undefined {
    const reply = this.#message.reply;
    return reply === "" ? undefined : reply;
  }

  get headers(): InboundMessage["headers"] {
    try {
      return this.#message.headers === undefined ? "none" : "some";
    } catch {
      return "malformed";
    }
  }

  header(name: string): string | undefined {
    try {
      const headers = this.#message.headers;
      return headers?.has(name) === true ? headers.get(name) : undefined;
    } catch {
      // The sender is not trusted to have written them well.
      return undefined;
    }
  }
}
