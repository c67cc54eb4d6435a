/** A node's link to the others that does not hear some of them: partitions of any shape are made of this. */
import { senderOf } from "../../../actors/subjects.ts";
import type {
  InboundMessage,
  Subscription,
  Transport,
} from "../../../infra/transport/transport.ts";
import { WrappedTransport } from "../../../infra/transport/wrapped-transport.ts";

export class DeafTransport extends WrappedTransport {
  readonly #deafTo: ReadonlySet<string>;

  /** `deafTo` names senders, and may change at any time. */
  constructor(inner: Transport, deafTo: ReadonlySet<string>) {
    super(inner);
    this.#deafTo = deafTo;
  }

  override subscribe(subject: string, handler: (message: InboundMessage) => void): Subscription {
    return super.subscribe(subject, (message) => {
      if (!this.#deafTo.has(senderOf(message.subject))) handler(message);
    });
  }
}
