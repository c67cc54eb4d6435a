/**
 * One node's membership of one store group: its acceptor, proposer, learner and checkpointer, the state they lead to,
 * and the doors through which messages and clients' frames come in.
 */
import { ReplyEncoder } from "../../infra/codec/reply-codec.ts";
import type { ReadFrame } from "../../infra/codec/request-decoder.ts";
import type { RawEnvelope, WriteEnvelope } from "../../infra/codec/request-envelope.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { ReplicaState } from "../../kv/replica-state.ts";
import type { Regions } from "../../kv/state/regions.ts";
import { wallMsOf } from "../../kv/revision.ts";
import { sameBallot } from "../../machines/ballot.ts";
import type { Received, ReplicaMessage, Sender } from "../../machines/messages.ts";
import type { ReplicaLog } from "../../machines/replica-log.ts";
import type { HostOptions, Timed } from "../actor.ts";
import { ChangeFeed } from "../feed/change-feed.ts";
import { stopReasonOf } from "../stop-reason.ts";
import type { StopReason } from "../../infra/status/stop-reason.ts";
import { AcceptCourier } from "./accept-courier.ts";
import { hostAcceptor, type AcceptorHost, type Committed } from "./acceptor-host.ts";
import { Answers, type Waiter } from "./answers.ts";
import { Applier } from "./applier.ts";
import { hostCheckpointer, type CheckpointerHost } from "./checkpointer-host.ts";
import { Drain } from "./drain.ts";
import { FrameReplies } from "./frame-replies.ts";
import { Freshness } from "./freshness.ts";
import { Housekeeping } from "./housekeeping.ts";
import { Intake } from "./intake.ts";
import { hostLearner, type LearnerHost } from "./learner-host.ts";
import type { Links } from "./links.ts";
import { LogService } from "./log-service.ts";
import { hostProposer, type ProposerHost } from "./proposer-host.ts";
import { Reads, type Asked, type Reader } from "./reads.ts";
import { receivedOf } from "./received.ts";
import { rebuildMemories } from "./replica-memories.ts";
import type { ReplicaOptions } from "./replica-options.ts";
import { Standing } from "./standing.ts";
import type { ReplicaStatus } from "../../infra/status/replica-status.ts";

export class Replica {
  readonly group: string;
  readonly #options: ReplicaOptions;
  readonly #epoch: number;
  readonly #log: ReplicaLog;
  readonly #state: ReplicaState;
  readonly #acceptor: AcceptorHost;
  readonly #proposer: ProposerHost;
  readonly #learner: LearnerHost;
  readonly #courier: AcceptCourier;
  readonly #checkpointer: CheckpointerHost;
  readonly #answers = new Answers();
  readonly #replies: FrameReplies;
  readonly #intake: Intake;
  readonly #applier: Applier;
  readonly #reads: Reads;
  readonly #freshness: Freshness;
  readonly #housekeeping: Housekeeping;
  readonly #standing: Standing;
  readonly #drain: Drain;
  readonly #feed: ChangeFeed;
  /** Appends that the disk has not answered yet. */
  #appends = 0;
  /** Learner and checkpointer have not heard yet of what was applied. */
  #appliedUntold = false;
  /** What the leader said is chosen, and the learner has not heard yet. */
  #committed: Committed | undefined;
  /** Since this start. */
  #checkpoints = 0;
  #trims = 0;

  constructor(options: ReplicaOptions) {
    const { birth, self, clock, logStore, stateStore, limits, deliver } = options;
    const { group, configuration, clusterId } = birth;
    this.group = group;
    this.#epoch = configuration.epoch;
    this.#options = options;
    const { log, state, acceptor, proposer, learner, checkpointer } = rebuildMemories(options);
    this.#standing = new Standing(group, self.node, proposer);
    this.#log = log;
    this.#state = state;
    stateStore.onFailure((failure) => options.storageFailed(failure));

    this.#replies = new FrameReplies(group, new ReplyEncoder(), deliver);
    const saturated = (): boolean => state.tableBytes >= limits.tableBytesMax;
    const propose = (entries: readonly Uint8Array[]): void =>
      this.#proposer.post({ type: "propose", entries, ...this.#now() });
    this.#freshness = new Freshness(clock);
    this.#intake = new Intake({
      clusterId,
      clock,
      limits,
      answers: this.#answers,
      replies: this.#replies,
      inFlight: () => proposer.serving?.window.inFlight,
      physicalMs: () => this.physicalMs(),
      lastRevision: () => state.lastRevision,
      leads: () => this.leadsWithLease,
      sessionCount: () => state.sessionCount,
      knowsSession: (session) => state.knowsSession(session),
      refusesMessageId: (identity) => state.refusesMessageId(identity),
      saturated,
      propose,
    });
    const { report, changes } = options;
    const isOwn = (slot: number): boolean =>
      this.leadsWithLease && slot > (proposer.serving?.firstReadSlot ?? slot);
    this.#feed = new ChangeFeed({ ...changes, clusterId, group, clock, state, isOwn, report });
    this.#applier = new Applier({
      group,
      epoch: configuration.epoch,
      clock,
      log,
      store: logStore,
      state,
      answers: this.#answers,
      saturated,
      diskComesFirst: () => this.#appends > 0 && !this.leads,
      entryApplied: (slot) => {
        options.entryApplied?.(state);
        this.#feed.entryApplied(slot);
      },
      applied: (through) => this.#applied(through),
      failed: (reason) => this.#stop(reason),
    });
    this.#reads = new Reads({
      clock,
      state,
      freshness: this.#freshness,
      waitingMax: limits.readsWaitingMax,
      serving: () => (this.leads ? proposer.serving : undefined),
      whyNotReadable: () => this.#standing.whyNotReadable,
      failed: (reason) => this.#stop(reason),
      wantRound: () => this.#proposer.post({ type: "roundWanted", ...this.#now() }),
    });
    this.#housekeeping = new Housekeeping({
      clock,
      state,
      statistics: () => stateStore.statistics(),
      limits,
      physicalMs: () => this.physicalMs(),
      propose,
    });

    const { members, phase2 } = configuration;
    this.#courier = new AcceptCourier({
      clock,
      others: members.map(({ node }) => node).filter((node) => node !== self.node),
      needed: phase2 - 1,
      send: options.send,
      broadcast: options.broadcast,
    });
    const links = this.#links();
    const host: HostOptions = {
      clock,
      dispatcher: options.dispatcher,
      made: options.made,
      failed: (reason) => this.#stop(reason),
    };
    this.#acceptor = hostAcceptor({
      committed: (committed) => this.#noteCommitted(committed),
      group,
      memory: acceptor,
      host,
      links,
      store: logStore,
      freshness: this.#freshness,
      appliedThrough: () => state.appliedThrough,
      leads: () => this.leads,
      voting: () => this.#noteVoting(),
      trimmed: () => this.#noteTrimmed(),
      appending: () => {
        this.#appends += 1;
      },
      appended: () => {
        this.#appends -= 1;
        if (this.#appends === 0) this.#applier.appended();
      },
    });
    this.#proposer = hostProposer({
      group,
      node: self.node,
      memory: proposer,
      host,
      links,
      campaigning: () => options.mayLead(),
      serving: () => this.#beginServing(),
      stoppedServing: () => this.#stopServing(),
      inFlightAbandoned: () => this.#abandonInFlight(),
      confirmed: () => {
        this.#reads.advance();
        this.#intake.roomMade();
      },
    });
    this.#learner = hostLearner({
      group,
      memory: learner,
      host,
      links,
      applier: this.#applier,
      logService: new LogService({
        group,
        epoch: configuration.epoch,
        log,
        store: logStore,
        bytesMax: limits.messageBytesMax,
      }),
      ready: () => this.#noteReady(),
      needsSnapshot: () => this.#noteNeedsSnapshot(),
    });
    this.#checkpointer = hostCheckpointer({
      group,
      memory: checkpointer,
      host,
      links,
      state,
      store: stateStore,
      checkpointed: () => this.#noteCheckpointed(),
    });
    this.#drain = new Drain({
      proposer,
      leads: () => this.leads,
      appliedThrough: () => state.appliedThrough,
      checkpointThrough: () => checkpointer.checkpointThrough,
      needsSnapshot: () => this.needsSnapshot,
      transferTo: (member) => this.#proposer.post({ type: "transfer", member, ...this.#now() }),
      checkpointNow: () => {
        this.#tellApplied();
        this.#checkpointer.post({ type: "checkpointNow", ...this.#now() });
      },
      drained: () => options.drained(),
    });
  }

  start(): void {
    this.#acceptor.start();
    this.#proposer.start();
    this.#learner.start();
    this.#checkpointer.start();
  }

  get leads(): boolean {
    return this.#standing.leads;
  }

  get clusterId(): string {
    return this.#options.birth.clusterId;
  }

  /** The keys that the group owns, as of the applied log. */
  get regions(): Regions {
    return this.#state.regions;
  }

  /** Nobody else can lead at this moment. */
  get leadsWithLease(): boolean {
    const { clock } = this.#options;
    const lease = this.leads ? this.#proposer.memory.serving?.lease : undefined;
    return lease?.holds(clock.monotonicMs(), clock.wallMs()) === true;
  }

  /** The node that leads as far as this replica knows, itself included; one that has stopped knows nothing new. */
  get leader(): string | undefined {
    return this.#standing.leader;
  }

  /** No leader is known, and too few members answer to elect one. */
  get lacksQuorum(): boolean {
    return this.#standing.lacksQuorum;
  }

  /** Applied state is gone and no log brings it back: this replica votes, but neither leads nor answers. */
  get needsSnapshot(): boolean {
    return this.#standing.needsSnapshot;
  }

  get stopReason(): StopReason | undefined {
    return this.#standing.stopReason;
  }

  /** Requests and reads that somebody waits for, and that are not answered yet. */
  get openRequests(): number {
    return this.#answers.size + this.#intake.queuedFrames + this.#reads.waiting;
  }

  /** The group's time as its leader knows it, in Unix milliseconds; undefined while this replica cannot know it. */
  physicalMs(): number | undefined {
    return this.#proposer.memory.reign?.lease.physicalMs(this.#options.clock.monotonicMs());
  }

  /** The millisecond of the last revision. */
  get lastMs(): number {
    return wallMsOf(this.#state.lastRevision);
  }

  /** A message of another member, already known to be of this cluster, epoch and a current start. */
  receive(message: ReplicaMessage, from: Sender, times: Timed): void {
    const received = receivedOf(message, from, times);
    if (!this.#isForThisEpoch(received)) {
      return this.#options.report("a ballot that is not its sender's", { node: from.node });
    }
    switch (received.type) {
      case "preVote":
      case "prepare":
      case "accept":
      case "heartbeat":
        return this.#acceptor.post(received);
      case "preVoted":
      case "promised":
      case "rejected":
      case "heartbeatAcked":
      case "handOver":
        return this.#proposer.post(received);
      case "accepted":
        this.#courier.accepted(from.node, received.slots);
        // Of three members the last one's vote comes when the slot is chosen and the client waits for the next.
        if (!this.#proposer.memory.needsNoVote(received)) this.#proposer.post(received);
        return;
      case "learnRequest":
      case "learned":
        return this.#learner.post(received);
    }
  }

  /**
   * Whoever leads or campaigns does so under a ballot of its own, in this epoch: a promise of any other one would be
   * kept for good.
   */
  #isForThisEpoch(message: Received<ReplicaMessage>): boolean {
    switch (message.type) {
      case "prepare":
      case "accept":
      case "heartbeat":
      case "handOver": {
        const { ballot, from } = message;
        return ballot.epoch === this.#epoch && ballot.member === from.member;
      }
      default:
        return true;
    }
  }

  /** A writing frame for this group; only the leader is asked. The bytes are the replica's to keep. */
  write(frame: Uint8Array, envelope: WriteEnvelope, reply: string): void {
    this.#intake.take(frame, envelope, reply);
  }

  /** A request without a session, encoded for the log; only the leader is asked. */
  request(encoded: Uint8Array, envelope: RawEnvelope, waiter: Waiter | undefined): void {
    this.#intake.takeRequest(encoded, envelope, waiter);
  }

  /** A reading frame: a stale one is answered by any replica, others only by the leader. */
  read({ envelope, operations }: ReadFrame, reply: string): void {
    const { number } = envelope;
    const { clusterId } = this.#options.birth;
    if (envelope.clusterId !== clusterId) {
      const message = `the read is for cluster ${envelope.clusterId}, this is ${clusterId}`;
      return this.#replies.refuse(reply, number, "WRONG_CLUSTER", message);
    }
    this.readFor({ ...envelope, operations }, this.#replies.reader(reply, number));
  }

  /** A read of whoever knows how to say what comes of it. */
  readFor(asked: Asked, reader: Reader): void {
    try {
      this.#reads.take(asked, reader);
    } catch (error) {
      if (!(error instanceof SynodError)) throw error;
      // The disk returned other bytes than were written. Whatever else rests on them is not answered any more.
      this.#stop(error);
      reader.refused(this.#standing.whyNotLeading);
    }
  }

  /** Calls back with applied state that contains everything committed before now, if this replica still leads then. */
  whenReadable(readable: (state: ReplicaState) => void): void {
    const nothing = (): void => undefined;
    this.#reads.whenReadable(false, () => readable(this.#state), nothing);
  }

  /** The answer to a frame that cannot be taken now. */
  refuseForLackOfLeader(number: number, reply: string): void {
    const { code, message, hint } = this.#standing.whyNotLeading;
    this.#replies.refuse(reply, number, code, message, hint);
  }

  /** Somebody wants to hear of this group's changes. */
  interestHeard(): void {
    this.#feed.interestHeard();
  }

  disconnected(): void {
    this.#proposer.post({ type: "disconnected", ...this.#now() });
  }

  /** Gives the lead to another member and writes a last checkpoint; `drained` is called when both are done. */
  drain(): void {
    this.#drain.begin(this.stopReason !== undefined);
  }

  /** Ends without another word. */
  close(): void {
    this.#housekeeping.stop();
    this.#feed.stopServing();
    this.#applier.stop();
    this.#courier.stop();
    for (const actor of this.#actors()) actor.stop();
  }

  status(): ReplicaStatus {
    const proposer = this.#proposer.memory;
    const { birth, stateStore, logStore } = this.#options;
    const { bytes: stateBytes, merging: stateMerging } = stateStore.statistics();
    return {
      group: this.group,
      members: birth.configuration.members.map(({ node }) => node),
      role: this.#standing.role(this.#proposer.state !== "following"),
      leader: proposer.leader?.node,
      ballot: proposer.leader === undefined ? undefined : proposer.leader.ballot,
      stopped: this.stopReason,
      needsSnapshot: this.needsSnapshot,
      chosenThrough: this.#log.chosenThrough,
      appliedThrough: this.#state.appliedThrough,
      commitIndex: proposer.serving?.window.commitIndex,
      trimmedThrough: this.#log.trimmedThrough,
      checkpointThrough: stateStore.checkpoint?.appliedThrough ?? 0,
      checkpoints: this.#checkpoints,
      trims: this.#trims,
      logBytes: logStore.bytes(this.group),
      tableBytes: this.#state.tableBytes,
      stateBytes,
      stateMerging,
      lastRevision: this.#state.lastRevision,
      checksum: this.#state.checksum.value,
      watermark: this.#state.watermark,
      queuedFrames: this.#intake.queuedFrames,
      waitingReads: this.#reads.waiting,
      asOfMs: this.#freshness.asOfMs,
      feedMessages: this.#feed.published,
      actors: this.#actors().map(({ name, state }) => ({ name, state })),
    };
  }

  #actors(): readonly { readonly name: string; readonly state: string; stop(): void }[] {
    return [this.#acceptor, this.#proposer, this.#learner, this.#checkpointer];
  }

  #links(): Links {
    const { self, send, broadcast, report, storageFailed } = this.#options;
    const own: Sender = self;
    return {
      now: () => this.#now(),
      send: (to, message) => {
        if (to === self.node) return this.receive(message, own, this.#now());
        this.#courier.flush();
        send(to, message);
      },
      broadcast: (message, includingSelf) => {
        if (message.type === "accept") this.#courier.send(message);
        else {
          this.#courier.flush();
          broadcast(message);
        }
        if (includingSelf) this.receive(message, own, this.#now());
      },
      toAcceptor: (event) => this.#acceptor.post(event),
      toProposer: (event) => this.#proposer.post(event),
      toLearner: (event) => this.#learner.post(event),
      toCheckpointer: (event) => this.#checkpointer.post(event),
      report,
      storageFailed,
    };
  }

  #now(): Timed {
    const { clock } = this.#options;
    return { nowMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }

  #noteVoting(): void {
    this.#standing.voting = true;
    this.#enableProposer();
  }

  #noteReady(): void {
    this.#standing.ready = true;
    this.#enableProposer();
    this.#options.settled();
  }

  #enableProposer(): void {
    if (this.#standing.mayLead) this.#proposer.post({ type: "enable", ...this.#now() });
  }

  #noteNeedsSnapshot(): void {
    this.#standing.needsSnapshot = true;
    this.#proposer.post({ type: "disable", ...this.#now() });
    this.#options.settled();
  }

  /**
   * In a later turn, once for all that came meanwhile: the leader waits for what this node accepts, and nobody for what it
   * applies.
   */
  #noteCommitted(committed: Committed): void {
    const untold = this.#committed;
    this.#committed = committed;
    if (untold === undefined) return this.#options.clock.defer(() => this.#tellCommitted());
    if (!sameBallot(untold.ballot, committed.ballot)) this.#learner.post(untold);
    else if (untold.through > committed.through) this.#committed = untold;
  }

  #tellCommitted(): void {
    const committed = this.#committed;
    this.#committed = undefined;
    if (committed !== undefined) this.#learner.post(committed);
  }

  #noteTrimmed(): void {
    this.#trims += 1;
    this.#trimIfFull();
  }

  #noteCheckpointed(): void {
    this.#checkpoints += 1;
    this.#applier.resume();
    this.#trimIfFull();
    this.#drain.checkpointed();
  }

  #trimIfFull(): void {
    const { logStore, limits } = this.#options;
    if (logStore.bytes(this.group) > limits.logBytesMax) this.#acceptor.post({ type: "logFull" });
  }

  /** Whoever waits is answered first; the machines are told in a later turn, once for all that was applied meanwhile. */
  #applied(through: number): void {
    this.#freshness.advance(through);
    this.#reads.advance();
    this.#intake.roomMade();
    if (this.#appliedUntold) return;
    this.#appliedUntold = true;
    this.#options.clock.defer(() => this.#tellApplied());
  }

  #tellApplied(): void {
    if (!this.#appliedUntold) return;
    this.#appliedUntold = false;
    const { clock, stateStore, limits } = this.#options;
    const nowMs = clock.monotonicMs();
    const through = this.#state.appliedThrough;
    const { slot, value } = this.#state.comparableChecksum;
    this.#learner.post({ type: "applied", through, checksumSlot: slot, checksum: value, nowMs });
    const bytes = this.#state.tableBytes;
    this.#checkpointer.post({ type: "tableGrew", appliedThrough: through, bytes, nowMs });
    // That much is one table being written and another that is due; behind twice that nothing is applied.
    if (bytes >= limits.tableBytesMax / 2) stateStore.hurry();
  }

  #beginServing(): void {
    this.#housekeeping.start();
    this.#feed.beginServing();
    this.#options.mayLead();
    this.#options.leaderChanged();
  }

  #stopServing(): void {
    this.#housekeeping.stop();
    this.#feed.stopServing();
    this.#courier.flush();
    this.#intake.clear();
    const refusal = this.#standing.whyNotLeading;
    this.#answers.refuseUnproposed(refusal);
    this.#reads.refuseAll(refusal.code, refusal.message, refusal.hint);
    this.#options.leaderChanged();
    this.#drain.ledNoMore();
  }

  #abandonInFlight(): void {
    const message = "the leader stepped down before the frame's slot was known to be chosen";
    this.#answers.abandonProposed(message, this.leader);
  }

  #stop(reason: unknown): void {
    if (this.stopReason !== undefined) return;
    const wasServing = this.leads;
    const stopReason = stopReasonOf(reason);
    this.#standing.stopReason = stopReason;
    this.close();
    if (wasServing) this.#stopServing();
    this.#answers.abandonProposed(`the replica stopped: ${stopReason.text}`, undefined);
    this.#options.stopped(stopReason);
  }

  /** The disk, or another part of the node, failed: this replica stops with it. */
  fail(reason: Error): void {
    this.#stop(reason);
  }
}
