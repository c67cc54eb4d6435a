/**
 * Keeps a client's picture of the cluster current: which group owns which keys, who is in it and who leads it. Any
 * node can tell; the first answer to a question counts.
 */
import { decodeRoute, type Route } from "../../infra/codec/route-codec.ts";
import { MalformedMessage } from "../../infra/codec/positional.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import type { Backoff } from "./backoff.ts";
import type { ClientCounters } from "./counters.ts";
import type { Correspondent, Inbox } from "./inbox.ts";
import { RouteMap } from "./route-map.ts";
import type { BirthStamp } from "./sessions.ts";

export interface RouteFinderOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly inbox: Inbox;
  readonly backoff: Backoff;
  readonly counters: ClientCounters;
  /** Where every node hears the question. */
  readonly subject: string;
  /** The request, encoded. */
  readonly question: Uint8Array;
  readonly adopted: (groups: Route["groups"]) => void;
}

/** How long nodes have to answer before they are asked again. */
const answerMsMax = 250;
/** Questions further apart than this have nothing to do with each other. */
const calmMs = 2_000;

export class RouteFinder implements Correspondent {
  readonly #options: RouteFinderOptions;
  #map: RouteMap | undefined;
  /** Undefined while only nodes have answered that know no leader's time. */
  #stamp: BirthStamp | undefined;
  #receivedMs = -Infinity;
  /** Open while an answer is awaited. */
  #ticket: number | undefined;
  #attempt = 0;
  #askedMs = -Infinity;
  #wanted = false;
  /** Questions in quick succession; the pauses between them grow. */
  #questionsInARow = 0;
  #notBeforeMs = -Infinity;
  /** A node answered for another cluster than the one this client belongs to. */
  #otherCluster: string | undefined;

  constructor(options: RouteFinderOptions) {
    this.#options = options;
  }

  get map(): RouteMap | undefined {
    return this.#map;
  }

  get stamp(): BirthStamp | undefined {
    return this.#stamp;
  }

  /** When the picture was last confirmed. */
  get receivedMs(): number {
    return this.#receivedMs;
  }

  get otherCluster(): string | undefined {
    return this.#otherCluster;
  }

  /** Something is due at a tick. */
  get isBusy(): boolean {
    return this.#wanted || this.#ticket !== undefined;
  }

  /** Asks as soon as it is fair to ask again. */
  want(): void {
    if (this.#ticket !== undefined) return;
    this.#wanted = true;
    this.tick(this.#options.clock.monotonicMs());
  }

  tick(nowMs: number): void {
    if (!this.#options.transport.connected) return;
    if (this.#ticket !== undefined) {
      if (nowMs - this.#askedMs >= answerMsMax) this.#ask(this.#ticket, nowMs);
    } else if (this.#wanted && nowMs >= this.#notBeforeMs) {
      this.#begin(nowMs);
    }
  }

  /** What was asked on the old connection will not be answered; who leads may have changed meanwhile. */
  reconnected(): void {
    if (this.#ticket !== undefined) this.#options.inbox.close(this.#ticket);
    this.#ticket = undefined;
    this.#notBeforeMs = -Infinity;
    this.want();
  }

  received(attempt: number, payload: Uint8Array): void {
    // Empty: nobody listens there. Later answers to a repeated question are as good as the first.
    if (payload.length === 0 || attempt > this.#attempt) return;
    const { clock, counters, inbox } = this.#options;
    const route = this.#decode(payload);
    if (route === undefined) {
      counters.malformedReplies++;
      return;
    }
    if (this.#map !== undefined && route.clusterId !== this.#map.clusterId) {
      this.#otherCluster = route.clusterId;
      return;
    }
    const nowMs = clock.monotonicMs();
    // From its own birth a node knows where keys live, but not the time: others may still answer better.
    if (route.stamp === 0) return this.#take(route, nowMs);
    if (this.#ticket !== undefined) inbox.close(this.#ticket);
    this.#ticket = undefined;
    this.#adopt(route, nowMs);
  }

  #begin(nowMs: number): void {
    const { inbox, backoff } = this.#options;
    this.#wanted = false;
    this.#questionsInARow = nowMs - this.#askedMs > calmMs ? 1 : this.#questionsInARow + 1;
    this.#notBeforeMs = nowMs + backoff.delayMs(this.#questionsInARow);
    this.#ticket = inbox.open(this);
    this.#attempt = 0;
    this.#ask(this.#ticket, nowMs);
  }

  #ask(ticket: number, nowMs: number): void {
    const { transport, inbox, subject, question } = this.#options;
    this.#askedMs = nowMs;
    this.#attempt++;
    transport.publish(subject, question, { reply: inbox.replySubject(ticket, this.#attempt) });
  }

  #decode(payload: Uint8Array): Route | undefined {
    try {
      return decodeRoute(payload);
    } catch (thrown) {
      if (thrown instanceof MalformedMessage) return undefined;
      throw thrown;
    }
  }

  #adopt(route: Route, nowMs: number): void {
    // A node that lags behind tells nothing new; that it does lets the next question wait its turn.
    if (route.version < this.#knownVersion) return this.want();
    this.#stamp = { stamp: route.stamp, receivedMs: nowMs };
    this.#take(route, nowMs);
  }

  get #knownVersion(): number {
    return this.#map?.version ?? -1;
  }

  #take(route: Route, nowMs: number): void {
    if (route.version < this.#knownVersion) return;
    if (route.version > this.#knownVersion) this.#map = new RouteMap(route);
    this.#receivedMs = nowMs;
    this.#options.adopted(route.groups.filter(({ nodes }) => nodes.every(isNodeName)));
  }
}

/** Names become parts of subjects. */
function isNodeName(name: string): boolean {
  return /^[-\w]+$/.test(name);
}
