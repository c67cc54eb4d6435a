/**
 * The transport of a client that is told old routing tables between newer ones: of a time when every region belonged to
 * another group. What it asks then comes to groups that do not own the keys.
 */
import { replyVersion, requestKind } from "../../infra/codec/formats.ts";
import { decodeRoute, encodeRoute, type Route } from "../../infra/codec/route-codec.ts";
import type { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import type { InboundMessage, Subscription, Transport } from "../../infra/transport/transport.ts";
import { WrappedTransport } from "../../infra/transport/wrapped-transport.ts";

const oldChance = 0.3;

export class OldTableTransport extends WrappedTransport {
  readonly #randomness: SeededRandomness;
  #told = 0;

  constructor(inner: Transport, randomness: SeededRandomness) {
    super(inner);
    this.#randomness = randomness;
  }

  override subscribe(subject: string, handler: (message: InboundMessage) => void): Subscription {
    if (!subject.startsWith(this.inboxPrefix)) return super.subscribe(subject, handler);
    return super.subscribe(subject, (message) => {
      if (!isRoute(message.payload)) return handler(message);
      const { subject: own, reply, headers } = message;
      const payload = encodeRoute(this.#aged(decodeRoute(message.payload)));
      handler({ subject: own, payload, reply, headers, header: (name) => message.header(name) });
    });
  }

  /** Each counts as newer than the one before, so that the client takes it. */
  #aged(route: Route): Route {
    this.#told += 1;
    const isOld = this.#randomness.chance(oldChance);
    const owners = [...new Set(route.regions.map(({ group }) => group))];
    const before = (group: string): string =>
      owners[(owners.indexOf(group) + 1) % owners.length] ?? group;
    const regions = isOld
      ? route.regions.map((region) => ({ ...region, group: before(region.group) }))
      : route.regions;
    return { ...route, version: this.#told, regions };
  }
}

/** Answers to frames begin alike, with another second element. */
function isRoute(payload: Uint8Array): boolean {
  return payload[1] === replyVersion && payload[2] === requestKind.route;
}
