/** A client's transport that loses some of what is said on feeds, and says old things again. */
import type { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import type { InboundMessage, Subscription, Transport } from "../../infra/transport/transport.ts";
import { WrappedTransport } from "../../infra/transport/wrapped-transport.ts";

const lossChance = 0.015;
const repetitionChance = 0.015;
/** So many messages back it remembers what was said. */
const remembered = 30;

export class CarelessTransport extends WrappedTransport {
  readonly #randomness: SeededRandomness;

  constructor(inner: Transport, randomness: SeededRandomness) {
    super(inner);
    this.#randomness = randomness;
  }

  override subscribe(subject: string, handler: (message: InboundMessage) => void): Subscription {
    if (!subject.includes(".feed.")) return super.subscribe(subject, handler);
    const old: InboundMessage[] = [];
    return super.subscribe(subject, (message) => {
      old.push({
        subject: message.subject,
        payload: message.payload.slice(),
        reply: message.reply,
        headers: message.headers,
        header: (name) => message.header(name),
      });
      if (old.length > remembered) old.shift();
      const isLost = this.#randomness.chance(lossChance);
      if (!isLost) handler(message);
      const isRepeated = this.#randomness.chance(repetitionChance);
      const again = old[this.#randomness.below(old.length)];
      if (isRepeated && again !== undefined) handler(again);
    });
  }
}
