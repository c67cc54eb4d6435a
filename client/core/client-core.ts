/**
 * The client without promises: takes operations, finds the groups that own their keys, and tells each caller the truth
 * about its outcome. It touches nothing but its ports, so a simulation runs it step by step.
 */
import { ReplyDecoder } from "../../infra/codec/reply-codec.ts";
import {
  encodedBytesMax,
  RequestEncoder,
  type ReadRequest,
  type WriteRequest,
} from "../../infra/codec/request-encoder.ts";
import type { Route } from "../../infra/codec/route-codec.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { Randomness } from "../../infra/randomness/randomness.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import type { Get } from "../../kv/commands/operation.ts";
import {
  isFailure,
  type OperationFailure,
  type OperationResult,
} from "../../kv/commands/result.ts";
import { errorTable } from "../../infra/errors/error-table.ts";
import { CrossGroupTransactionError } from "../errors.ts";
import { Backoff } from "./backoff.ts";
import { CallQueue } from "./call-queue.ts";
import { Call, travelTogether, type Completion, type Place, type Request } from "./call.ts";
import { newCounters, type ClientCounters } from "./counters.ts";
import { DeadlineWheel } from "./deadline-wheel.ts";
import { aborted, closedMeanwhile, operationFailed, timedOut, type Hindrance } from "./failures.ts";
import type { Freshness } from "./freshness.ts";
import { Inbox } from "./inbox.ts";
import type { Framed, Lane, LaneHost } from "./lane.ts";
import { defaultClientLimits, operationBytesMax, type ClientLimits } from "./limits.ts";
import { Members } from "./members.ts";
import { weightOf } from "./request-weight.ts";
import { RouteFinder } from "./route-finder.ts";
import type { RouteMap } from "./route-map.ts";
import { restOf, routeCall } from "./routing.ts";
import { Sessions } from "./sessions.ts";
import { StoreGroup } from "./store-group.ts";
import type { WatchLimits } from "../watch/limits.ts";
import { Watches } from "../watch/watches.ts";

export interface ClientCoreOptions {
  /** The client takes its whole inbox; it is not closed with the client. */
  readonly transport: Transport;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** First token of the cluster's subjects. */
  readonly prefix: string;
  readonly limits?: Partial<ClientLimits>;
  readonly watchLimits?: Partial<WatchLimits>;
  /** Called whenever a node has told the routing table. */
  readonly routeAdopted?: () => void;
  /** Called when operations were put into a writing frame: under which number of which session they go. */
  readonly framed?: Framed;
}

export class ClientCore {
  readonly counters: ClientCounters = newCounters();
  readonly inbox: Inbox;
  readonly watches: Watches;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly #limits: ClientLimits;
  readonly #backoff: Backoff;
  readonly #finder: RouteFinder;
  readonly #sessions: Sessions;
  readonly #laneHost: LaneHost;
  /** In the order in which the cluster named them. */
  readonly #groups = new Map<string, StoreGroup>();
  readonly #deadlines: DeadlineWheel;
  /** Calls whose group is not known until a newer route arrives. */
  readonly #unrouted = new CallQueue();
  /** Calls that the log or a replica sent back and that pause before they are sent again. */
  readonly #resting = new CallQueue();
  /** Lanes that have something to send. */
  #dirtyLanes: Lane[] = [];
  #flushScheduled = false;
  #tickScheduled = false;
  #pendingBytes = 0;
  #closed = false;
  readonly #closing = new Set<() => void>();

  constructor(options: ClientCoreOptions) {
    const { transport, clock, randomness, prefix, limits, routeAdopted } = options;
    this.#transport = transport;
    this.#clock = clock;
    this.#randomness = randomness;
    this.#limits = { ...defaultClientLimits, ...limits };
    this.#backoff = new Backoff(randomness, this.#limits);
    this.#deadlines = new DeadlineWheel(this.#limits.tickMs);
    this.inbox = new Inbox(transport);
    const encoder = new RequestEncoder();
    this.#finder = new RouteFinder({
      transport,
      clock,
      inbox: this.inbox,
      backoff: new Backoff(randomness, {
        ...this.#limits,
        backoffMsMax: this.#limits.routeBackoffMsMax,
      }),
      counters: this.counters,
      subject: `${prefix}.api`,
      question: encoder.route(),
      adopted: (groups) => {
        this.#adoptRoute(groups);
        routeAdopted?.();
      },
    });
    this.#sessions = new Sessions({
      clock,
      randomness,
      limits: this.#limits,
      newestStamp: () => this.#finder.stamp,
      wantStamp: () => this.#wantRoute(),
    });
    this.#laneHost = this.#makeLaneHost(prefix, encoder, options.framed);
    this.watches = this.#makeWatches(options, encoder);
    transport.onConnectionChange((connected) => {
      if (this.#closed) return;
      if (connected) this.#reconnected();
      this.watches.connectionChanged(connected);
    });
    this.#wantRoute();
  }

  /** Undefined until the first node has answered. */
  get routes(): RouteMap | undefined {
    return this.#finder.map;
  }

  get pendingCalls(): number {
    return this.#deadlines.size;
  }

  /** The group's leader as far as is known. */
  leaderOf(group: string): string | undefined {
    return this.#groups.get(group)?.members.leader;
  }

  nodesOf(group: string): readonly string[] {
    return this.#groups.get(group)?.members.nodes ?? [];
  }

  /**
   * Has a write executed once. Throws at once, without calling back, `OVERLOADED` when too much is pending and
   * `CLIENT_CLOSED`.
   */
  write(operation: WriteRequest, timeoutMs: number, completion: Completion): Call {
    return this.#issue(operation, undefined, timeoutMs, completion);
  }

  /** Throws as `write` does. */
  read(
    operation: ReadRequest,
    freshness: Freshness,
    timeoutMs: number,
    completion: Completion,
  ): Call {
    return this.#issue(operation, freshness, timeoutMs, completion);
  }

  /**
   * Gets that belong together: those of one group are answered from one state, as far as they fit into one frame.
   * Throws as `write` does.
   */
  readMany(
    operations: readonly Get[],
    freshness: Freshness,
    timeoutMs: number,
    completions: readonly Completion[],
  ): readonly Call[] {
    let bytes = 0;
    for (const operation of operations) bytes += encodedBytesMax(operation);
    this.#admit(operations.length, bytes);
    const calls = operations.map((operation, at) =>
      this.#open(operation, freshness, timeoutMs, completions[at] as Completion),
    );
    for (const unit of this.#unitsOf(calls)) {
      travelTogether(unit);
      for (const call of unit) this.#route(call);
    }
    return calls;
  }

  /** The caller does not wait any more. Nothing happens if the call is over already. */
  abort(call: Call, reason: unknown): void {
    if (!call.settled) this.#fail(call, aborted(call, reason));
  }

  /** Asks for the routing table anew, soon. */
  refreshRoute(): void {
    this.#wantRoute();
  }

  /** Calls back once, at once when it is closed already, unless what is returned is called first. */
  whenClosed(callback: () => void): () => void {
    if (this.#closed) callback();
    else this.#closing.add(callback);
    return () => void this.#closing.delete(callback);
  }

  /** Fails whatever is pending, and ends watches and locks. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const callback of this.#closing) callback();
    this.#closing.clear();
    this.watches.close();
    for (const call of this.#deadlines.all()) {
      if (!call.settled) this.#fail(call, closedMeanwhile(call));
    }
  }

  #issue(
    operation: Request,
    freshness: Freshness | undefined,
    timeoutMs: number,
    completion: Completion,
  ): Call {
    this.#admit(1, encodedBytesMax(operation));
    const call = this.#open(operation, freshness, timeoutMs, completion);
    this.#route(call);
    return call;
  }

  #admit(count: number, bytes: number): void {
    if (this.#closed) throw new SynodError("CLIENT_CLOSED", "the client was closed");
    const { pendingCallsMax, pendingBytesMax } = this.#limits;
    const { pendingCalls } = this;
    if (pendingCalls + count <= pendingCallsMax && this.#pendingBytes + bytes <= pendingBytesMax) {
      return;
    }
    const claim = `${pendingCalls} operations of ${this.#pendingBytes} bytes are waiting for their answers already`;
    throw new SynodError("OVERLOADED", claim);
  }

  #open(
    operation: Request,
    freshness: Freshness | undefined,
    timeoutMs: number,
    completion: Completion,
  ): Call {
    const bytes = encodedBytesMax(operation);
    const nowMs = this.#clock.monotonicMs();
    const weight = weightOf(operation);
    const call = new Call(operation, freshness, completion, bytes, weight, timeoutMs, nowMs);
    this.#deadlines.add(call);
    this.#pendingBytes += bytes;
    this.#scheduleTick();
    return call;
  }

  /** By group, each unit small enough for one frame. */
  #unitsOf(calls: readonly Call[]): Call[][] {
    const { frameRowsMax, frameBytesTarget } = this.#limits;
    const units: Call[][] = [];
    const filling = new Map<string | undefined, { calls: Call[]; bytes: number }>();
    for (const call of calls) {
      const { map } = this.#finder;
      const group = map === undefined ? undefined : routeCall(call, map);
      let unit = filling.get(group);
      const isFull =
        unit !== undefined &&
        (unit.calls.length >= frameRowsMax || unit.bytes + call.bytes > frameBytesTarget);
      if (unit === undefined || isFull) {
        unit = { calls: [], bytes: 0 };
        filling.set(group, unit);
        units.push(unit.calls);
      }
      unit.calls.push(call);
      unit.bytes += call.bytes;
    }
    return units;
  }

  #route(call: Call): void {
    const map = this.#finder.map;
    if (map === undefined) return this.#awaitRoute(call);
    const bytesMax = operationBytesMax(this.#transport.payloadBytesMax);
    if (this.#transport.connected && call.bytes > bytesMax) {
      const claim = `an operation of ${call.bytes} bytes does not fit into a frame of ${bytesMax}`;
      return this.#failSoon(call, new SynodError("FRAME_TOO_LARGE", claim));
    }
    let name: string | undefined;
    try {
      name = routeCall(call, map);
    } catch (thrown) {
      if (!(thrown instanceof CrossGroupTransactionError)) throw thrown;
      // The groups may have been others when the route was told: only a route younger than the call can condemn it.
      if (this.#finder.receivedMs < call.issuedMs) return this.#awaitRoute(call);
      return this.#failSoon(call, thrown);
    }
    const group = name === undefined ? undefined : this.#groups.get(name);
    if (group === undefined) this.#awaitRoute(call);
    else group.laneOf(call).enqueue(call);
  }

  #awaitRoute(call: Call): void {
    call.standAlone();
    this.#unrouted.push(call);
    this.#wantRoute();
  }

  #answered(call: Call, result: OperationResult, place: Place): void {
    if (isFailure(result)) return this.#operationFailed(call, result);
    const rest = call.span === undefined ? undefined : restOf(call, result);
    this.#release(call);
    call.completion.succeeded(result, place, rest);
  }

  /** The operation was not executed. Where sending it again can help, it goes into a new frame. */
  #operationFailed(call: Call, failure: OperationFailure): void {
    const { code } = failure;
    if (!errorTable[code].retryable) return this.#fail(call, operationFailed(call, failure));
    call.standAlone();
    call.refusal = { code, message: operationFailed(call, failure).message };
    if (code === "WRONG_REGION" && call.tries++ === 0) return this.#awaitRoute(call);
    if (code === "WRONG_REGION") this.#wantRoute();
    call.restUntilMs = this.#clock.monotonicMs() + this.#backoff.delayMs(++call.tries);
    this.#resting.push(call);
  }

  #fail(call: Call, failure: SynodError): void {
    this.#release(call);
    call.completion.failed(failure);
  }

  /** In a later turn: nobody is called back while the call is being made. */
  #failSoon(call: Call, failure: SynodError): void {
    this.#clock.defer(() => {
      if (!call.settled) this.#fail(call, failure);
    });
  }

  /** The call is over: nothing refers to it any more. */
  #release(call: Call): void {
    const { queue, frame } = call;
    call.settled = true;
    this.#deadlines.remove(call);
    this.#pendingBytes -= call.bytes;
    queue?.noteSettled(call);
    if (frame === undefined) return;
    frame.leave(call);
    frame.owner.callLeft(frame);
  }

  #adoptRoute(groups: Route["groups"]): void {
    const nowMs = this.#clock.monotonicMs();
    for (const { group: name, nodes, leader } of groups) {
      const { members } = this.#group(name);
      members.adopt(nodes, leader, nowMs);
    }
    for (const call of this.#unrouted.takeAll()) this.#route(call);
    for (const group of this.#groups.values()) {
      group.forEachLane((lane) => {
        if (group.members.leader !== undefined) lane.leaderFound();
        this.#flushSoon(lane);
      });
    }
    this.watches.routeAdopted();
  }

  #group(name: string): StoreGroup {
    let group = this.#groups.get(name);
    if (group === undefined) {
      const turn = Math.floor(this.#randomness.fraction() * 1_000);
      const members = new Members(this.#limits, turn);
      group = new StoreGroup(name, members, this.#laneHost, this.#sessions);
      this.#groups.set(name, group);
    }
    return group;
  }

  #reconnected(): void {
    this.#finder.reconnected();
    for (const group of this.#groups.values()) group.forEachLane((lane) => lane.reconnected());
    this.#scheduleTick();
  }

  #wantRoute(): void {
    this.#finder.want();
    this.#scheduleTick();
  }

  /** In a later turn, so that all that is issued in this one shares frames. */
  #flushSoon(lane: Lane): void {
    if (lane.flushPending) return;
    lane.flushPending = true;
    this.#dirtyLanes.push(lane);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#clock.defer(() => {
      this.#flushScheduled = false;
      const lanes = this.#dirtyLanes;
      this.#dirtyLanes = [];
      for (const dirty of lanes) {
        dirty.flushPending = false;
        dirty.flush();
      }
    });
  }

  #scheduleTick(): void {
    if (this.#tickScheduled || this.#closed) return;
    this.#tickScheduled = true;
    this.#clock.after(this.#limits.tickMs, () => {
      this.#tickScheduled = false;
      this.#tick(this.#clock.monotonicMs());
    });
  }

  #tick(nowMs: number): void {
    const hindrance = this.#hindrance();
    for (const call of this.#deadlines.due(nowMs)) {
      if (!call.settled) this.#fail(call, timedOut(call, hindrance ?? this.#lackOfTime(call)));
    }
    for (const call of this.#resting.takeAll()) {
      if (call.restUntilMs > nowMs) this.#resting.push(call);
      else this.#route(call);
    }
    for (const group of this.#groups.values()) group.tick(nowMs);
    if (this.pendingCalls > 0 && nowMs - this.#finder.receivedMs > this.#limits.routeAgeMsMax) {
      this.#finder.want();
    }
    this.#finder.tick(nowMs);
    const isWaiting = this.#finder.isBusy && this.#transport.connected;
    if (this.pendingCalls > 0 || isWaiting) this.#scheduleTick();
  }

  /** Why nothing can be sent at all. */
  #hindrance(): Hindrance {
    if (!this.#transport.connected) {
      return { code: "NOT_CONNECTED", message: "there is no connection to a NATS server" };
    }
    if (this.#finder.otherCluster !== undefined) {
      const message = `cluster ${this.#finder.otherCluster} answers where ${this.#finder.map?.clusterId} did`;
      return { code: "WRONG_CLUSTER", message };
    }
    if (this.#finder.map !== undefined) return undefined;
    return { code: "UNAVAILABLE", message: "no node of the cluster has answered yet" };
  }

  /** A write needs a session, and a session begins at a leader's time, which nobody has told so far. */
  #lackOfTime({ freshness, frame }: Call): Hindrance {
    if (freshness !== undefined || frame !== undefined || this.#finder.stamp !== undefined) {
      return undefined;
    }
    const message = "no node has heard the leader of group meta, whose time a session begins at";
    return { code: "NO_QUORUM", message };
  }

  #makeWatches(options: ClientCoreOptions, encoder: RequestEncoder): Watches {
    const { transport, clock, randomness, prefix, watchLimits } = options;
    return new Watches({
      transport,
      clock,
      randomness,
      prefix,
      limits: watchLimits,
      routes: () => this.#finder.map,
      wantRoute: () => this.#wantRoute(),
      read: (...asked) => this.read(...asked),
      interest: (clusterId, group) => encoder.interest(clusterId, group),
      malformed: () => this.counters.malformedFeedMessages++,
    });
  }

  #makeLaneHost(
    prefix: string,
    encoder: RequestEncoder,
    framed: Framed = () => undefined,
  ): LaneHost {
    return {
      framed,
      transport: this.#transport,
      clock: this.#clock,
      limits: this.#limits,
      backoff: this.#backoff,
      inbox: this.inbox,
      encoder,
      decoder: new ReplyDecoder(),
      counters: this.counters,
      clusterId: () => this.#finder.map?.clusterId ?? "",
      nodeSubject: (node) => `${prefix}.api.${node}`,
      answered: (call, result, place) => this.#answered(call, result, place),
      failed: (call, failure) => this.#fail(call, failure),
      routeAnew: (calls) => {
        for (const call of calls) this.#unrouted.push(call);
        this.#wantRoute();
      },
      wantRoute: () => this.#wantRoute(),
      retireSession: (session) => this.#sessions.retire(session),
      flushSoon: (lane) => this.#flushSoon(lane),
    };
  }
}
