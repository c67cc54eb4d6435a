/**
 * A NATS server and everybody's lines to it, on virtual time. It routes as the server does and fails as networks
 * do: every fault is set by a method call while the simulation runs, and counted each time it strikes.
 */
import type { SimulatedProcess } from "../clock/simulated-process.ts";
import type { SimulatedWorld } from "../clock/simulated-world.ts";
import type { SeededRandomness } from "../randomness/seeded-randomness.ts";
import { calmConditions, Fates, type LinkConditions } from "./link-conditions.ts";
import { protocolSubjectPrefix } from "./subject.ts";
import type { Drop, NetworkObserver } from "./network-observer.ts";
import { SubscriptionTable } from "./subscription-table.ts";
import {
  type Reset,
  type SimulatedMessage,
  type SimulatedSubscription,
  SimulatedTransport,
  type SimulatedTransportOptions,
} from "./simulated-transport.ts";

export interface SimulatedNetworkOptions {
  readonly conditions?: Partial<LinkConditions>;
  readonly payloadBytesMax?: number;
  /** How long a subscription stays unknown to publishers, as between the servers of a cluster. */
  readonly interestDelayMs?: number;
  /**
   * What was in flight from a process whose connection broke still arrives with this probability; unless given, a
   * broken connection loses the end of what was in flight, or its beginning.
   */
  readonly survivesResetChance?: number;
}

export interface NetworkCounters {
  published: number;
  delivered: number;
  /** Publishes that nobody was subscribed to. */
  unheard: number;
  lost: number;
  duplicated: number;
  slow: number;
  overtaking: number;
  /** Dropped by a cut link or a deaf receiver. */
  cut: number;
  /** Dropped by a sieve. */
  sifted: number;
  /** Delivered again long after they were sent. */
  repeated: number;
  /** Kept for later by a clogged link. */
  clogged: number;
  /** In flight when a connection broke or the broker stopped. */
  lostInFlight: number;
  disconnects: number;
  brokerStops: number;
}

/** Says of a message on its way to a process whether it is dropped. It may also just look. */
export type Sieve = (message: SimulatedMessage, receiver: string) => boolean;

/** How many messages back a broken connection reaches at most: evenly on a logarithmic scale. */
const resetReachMax = 500;

/** The way from one process to another. Faults are set per direction. */
interface Link {
  conditions: LinkConditions | undefined;
  cut: boolean;
  /** Messages that wait for the link to be unclogged; undefined while it flows. */
  clogged: (() => void)[] | undefined;
}

/** The way from one connection to another: it belongs to its processes' link, and keeps messages in order. */
export interface Route {
  readonly link: Link;
  lastArrivalMs: number;
}

export class SimulatedNetwork {
  readonly world: SimulatedWorld;
  readonly payloadBytesMax: number;
  readonly counters: NetworkCounters = {
    published: 0,
    delivered: 0,
    unheard: 0,
    lost: 0,
    duplicated: 0,
    slow: 0,
    overtaking: 0,
    cut: 0,
    sifted: 0,
    repeated: 0,
    clogged: 0,
    lostInFlight: 0,
    disconnects: 0,
    brokerStops: 0,
  };
  observer: NetworkObserver | undefined;
  readonly #options: SimulatedNetworkOptions;
  readonly #randomness: SeededRandomness;
  readonly #fates: Fates;
  readonly #resets: SeededRandomness;
  readonly #table = new SubscriptionTable<SimulatedSubscription>();
  /** Every connection that was not closed and whose process lives, in the order of their making. */
  #transports: SimulatedTransport[] = [];
  /** By `from>to`. */
  readonly #links = new Map<string, Link>();
  readonly #deaf = new Set<string>();
  /** Empty unless a fault looks at messages: every message passes them. */
  #sieves: Sieve[] = [];
  #interestDelayMs: number;
  #conditions: LinkConditions;
  #brokerRuns = true;
  #transportsMade = 0;
  /** Handlers see messages here, one after the other: one that keeps a payload soon sees another's bytes in it. */
  #handedOver = new Uint8Array(64 * 1024);

  constructor(
    world: SimulatedWorld,
    randomness: SeededRandomness,
    options: SimulatedNetworkOptions = {},
  ) {
    this.world = world;
    this.payloadBytesMax = options.payloadBytesMax ?? 1024 * 1024;
    this.#options = options;
    this.#randomness = randomness;
    this.#fates = new Fates(randomness);
    this.#resets = randomness.split("resets");
    this.#conditions = { ...calmConditions, ...options.conditions };
    this.#interestDelayMs = options.interestDelayMs ?? 0;
  }

  /** A connection of that process to the broker; it connects by itself, as the real one does. */
  connect(process: SimulatedProcess, options: SimulatedTransportOptions): SimulatedTransport {
    this.#transportsMade += 1;
    const randomness = this.#randomness.split(`connection ${this.#transportsMade}`);
    const transport = new SimulatedTransport(this, process, randomness, options);
    this.#transports.push(transport);
    return transport;
  }

  transportsOf(processName: string): readonly SimulatedTransport[] {
    return this.#transports.filter((transport) => transport.process.name === processName);
  }

  // Faults of links.

  /** Changes the conditions of all links that have none of their own. */
  setConditions(conditions: Partial<LinkConditions>): void {
    this.#conditions = { ...this.#conditions, ...conditions };
  }

  /** Gives one direction of one link conditions of its own, or takes them back. */
  setLink(from: string, to: string, conditions: Partial<LinkConditions> | undefined): void {
    const own = conditions === undefined ? undefined : { ...this.#conditions, ...conditions };
    this.#link(from, to).conditions = own;
  }

  /** Drops everything that goes from one process to another, one way. */
  cut(from: string, to: string): void {
    this.#link(from, to).cut = true;
  }

  heal(from: string, to: string): void {
    this.#link(from, to).cut = false;
  }

  /** Cuts every link between the two sides, both ways. */
  partition(oneSide: readonly string[], otherSide: readonly string[]): void {
    for (const one of oneSide) {
      for (const other of otherSide) {
        this.cut(one, other);
        this.cut(other, one);
      }
    }
  }

  /** Holds back what goes from one process to another until it is unclogged: nothing is lost, all of it is late. */
  clog(from: string, to: string): void {
    this.#link(from, to).clogged ??= [];
  }

  unclog(from: string, to: string): void {
    const link = this.#link(from, to);
    const waiting = link.clogged ?? [];
    link.clogged = undefined;
    for (const arrive of waiting) arrive();
  }

  /** A deaf process stays connected and can speak, but hears nothing. */
  setDeaf(processName: string, deaf: boolean): void {
    if (deaf) this.#deaf.add(processName);
    else this.#deaf.delete(processName);
  }

  /** Shows every message to `sieve`, once for each of its receivers, until all is healed. */
  sift(sieve: Sieve): void {
    this.#sieves.push(sieve);
  }

  /** From now on a subscription, also of a connection that comes back, stays unknown to publishers for that long. */
  setInterestDelay(delayMs: number): void {
    this.#interestDelayMs = delayMs;
  }

  /** Delivers what a process said long ago once more, as if it came late; false when that process has no connection. */
  repeat(from: string, subject: string, payload: Uint8Array): boolean {
    const [sender] = this.transportsOf(from);
    if (sender === undefined) return false;
    this.counters.repeated += 1;
    this.route({
      sender,
      senderAttachment: sender.attachment,
      number: Number.MAX_SAFE_INTEGER,
      subject,
      payload,
      reply: undefined,
      headers: undefined,
    });
    return true;
  }

  /** Ends every cut, clog, deafness, sieve and condition of single links. */
  healAll(): void {
    this.#deaf.clear();
    this.#sieves = [];
    this.#interestDelayMs = this.#options.interestDelayMs ?? 0;
    for (const link of this.#links.values()) {
      link.cut = false;
      link.conditions = undefined;
      const waiting = link.clogged ?? [];
      link.clogged = undefined;
      for (const arrive of waiting) arrive();
    }
  }

  // Faults of connections and of the broker.

  /** Breaks one connection; its owner connects again by itself. */
  disconnect(transport: SimulatedTransport): void {
    transport.breakConnection();
  }

  /** Breaks one connection and keeps it from coming back; the owner notices after `noticeMs`. */
  unplug(transport: SimulatedTransport, noticeMs?: number): void {
    transport.plugged = false;
    transport.breakConnection(noticeMs);
  }

  plug(transport: SimulatedTransport): void {
    transport.plugged = true;
  }

  stopBroker(): void {
    if (!this.#brokerRuns) return;
    this.#brokerRuns = false;
    this.counters.brokerStops += 1;
    for (const transport of this.#transports) transport.breakConnection();
  }

  startBroker(): void {
    this.#brokerRuns = true;
  }

  /** Everybody is disconnected and everything in flight is lost. */
  restartBroker(): void {
    this.stopBroker();
    this.startBroker();
  }

  // What the broker does for its connections.

  accepts(transport: SimulatedTransport): boolean {
    return this.#brokerRuns && transport.plugged;
  }

  subscribe(subscription: SimulatedSubscription): void {
    const delayMs = this.#interestDelayMs;
    if (delayMs === 0) return this.#table.add(subscription);
    const { attachment } = subscription.transport;
    this.world.schedule(delayMs, () => {
      const sameConnection = subscription.transport.attachment === attachment;
      if (subscription.open && sameConnection) this.#table.add(subscription);
    });
  }

  unsubscribe(subscription: SimulatedSubscription): void {
    this.#table.remove(subscription);
  }

  forget(transport: SimulatedTransport): void {
    this.#transports = this.#transports.filter((other) => other !== transport);
  }

  /** Takes a message from a connection and sends a copy towards each subscription it reaches. */
  route(message: SimulatedMessage): void {
    this.counters.published += 1;
    const { sender } = message;
    const subscriptions = this.#table.matching(message.subject);
    if (subscriptions.length === 0) this.counters.unheard += 1;
    for (const subscription of subscriptions) {
      if (subscription.transport !== sender || !sender.noEcho) this.#send(message, subscription);
    }
  }

  /** The bytes as the handler sees them: until the next message is handed over. */
  handOver(payload: Uint8Array): Uint8Array {
    if (payload.length > this.#handedOver.length) this.#handedOver = new Uint8Array(payload.length);
    this.#handedOver.set(payload);
    return this.#handedOver.subarray(0, payload.length);
  }

  #send(message: SimulatedMessage, subscription: SimulatedSubscription): void {
    const receiver = subscription.transport;
    const route = this.#route(message.sender, receiver);
    const fate = this.#fates.draw(route.link.conditions ?? this.#conditions);
    if (route.link.cut || this.#deaf.has(receiver.process.name)) {
      this.counters.cut += 1;
      this.#observeDrop(message, receiver, "cut");
      return;
    }
    if (this.#sieves.length > 0 && this.#isSifted(message, receiver.process.name)) {
      this.counters.sifted += 1;
      this.#observeDrop(message, receiver, "sifted");
      return;
    }
    if (fate.duplicated && message.subject.startsWith(protocolSubjectPrefix)) {
      this.counters.duplicated += 1;
      const arrivalMs = this.world.nowMs + fate.duplicateDelayMs;
      this.#sendCopy(message, subscription, route, arrivalMs);
    }
    if (fate.lost) {
      this.counters.lost += 1;
      this.#observeDrop(message, receiver, "lost");
      return;
    }
    if (fate.slow) this.counters.slow += 1;
    let arrivalMs = this.world.nowMs + fate.delayMs;
    if (fate.overtakes) {
      this.counters.overtaking += 1;
    } else {
      arrivalMs = Math.max(arrivalMs, route.lastArrivalMs);
      route.lastArrivalMs = arrivalMs;
    }
    this.#sendCopy(message, subscription, route, arrivalMs);
  }

  #sendCopy(
    message: SimulatedMessage,
    subscription: SimulatedSubscription,
    route: Route,
    arrivalMs: number,
  ): void {
    const { transport } = subscription;
    const { attachment } = transport;
    const { observer } = this;
    const copy = observer?.left(message, transport.process.name) ?? 0;
    const arrive = (): void => {
      if (route.link.clogged !== undefined) {
        this.counters.clogged += 1;
        route.link.clogged.push(() => void transport.process.schedule(0, arrive));
      } else if (route.link.cut || this.#deaf.has(transport.process.name)) {
        this.counters.cut += 1;
        observer?.dropped(copy, "cut");
      } else if (attachment !== transport.attachment || this.#lostBySender(message)) {
        this.counters.lostInFlight += 1;
        observer?.dropped(copy, "lost in flight");
      } else {
        this.counters.delivered += 1;
        observer?.arrived(copy);
        subscription.deliver(message);
      }
    };
    transport.process.scheduleAt(arrivalMs, arrive);
  }

  #observeDrop(message: SimulatedMessage, receiver: SimulatedTransport, why: Drop): void {
    const { observer } = this;
    observer?.dropped(observer.left(message, receiver.process.name), why);
  }

  /** Every sieve sees every message, also one that another drops. */
  #isSifted(message: SimulatedMessage, receiver: string): boolean {
    let dropped = false;
    for (const sieve of this.#sieves) if (sieve(message, receiver)) dropped = true;
    return dropped;
  }

  /** A message whose sender's connection broke may have reached the broker before that, or not. */
  #lostBySender({ sender, senderAttachment, number }: SimulatedMessage): boolean {
    if (senderAttachment === sender.attachment) return false;
    const { survivesResetChance } = this.#options;
    if (survivesResetChance !== undefined) return !this.#resets.chance(survivesResetChance);
    return !sender.survivedReset(number);
  }

  /** What a connection that breaks behind its `published`th message loses of what is in flight from it. */
  drawReset(published: number): Reset {
    const reach = Math.floor(resetReachMax ** this.#resets.fraction());
    return { at: published - reach, loses: this.#resets.chance(0.5) ? "end" : "start" };
  }

  #route(sender: SimulatedTransport, receiver: SimulatedTransport): Route {
    let route = sender.routes.get(receiver);
    if (route === undefined) {
      const link = this.#link(sender.process.name, receiver.process.name);
      route = { link, lastArrivalMs: 0 };
      sender.routes.set(receiver, route);
    }
    return route;
  }

  #link(from: string, to: string): Link {
    const name = `${from}>${to}`;
    let link = this.#links.get(name);
    if (link === undefined) {
      link = { conditions: undefined, cut: false, clogged: undefined };
      this.#links.set(name, link);
    }
    return link;
  }
}
