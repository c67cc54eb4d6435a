/** What the acknowledged heartbeats of one ballot allow its leader: reads, a share in time, and knowing who is alive. */
import type { MemberId, Slot } from "../ballot.ts";
import { memberIndex, quorumsOf, type Configuration } from "../configuration.ts";
import type { HeartbeatAcked, Received } from "../messages.ts";

interface Sent {
  readonly sentMs: number;
  /** Wall clock minus monotonic clock when it was sent. */
  readonly offsetMs: number;
  /** What was known chosen when it was sent: an acknowledgement is measured by that, not by what came since. */
  readonly commitIndex: Slot;
}

/** The newest acknowledgement of one member. */
export interface Acknowledgement extends Sent {
  readonly beat: number;
  readonly receivedMs: number;
  readonly wallMs: number;
  readonly chosenThrough: Slot;
  readonly appliedThrough: Slot;
  readonly checkpointThrough: Slot;
}

/** Beyond this the machine was suspended or its clock was set: what was promised for a time is worth nothing. */
const clockStepMsMax = 50;

export class Lease {
  readonly #configuration: Configuration;
  readonly #quorum: number;
  readonly #sent = new Map<number, Sent>();
  readonly #acknowledged = new Map<MemberId, Acknowledgement>();
  /** When a member last refused this ballot, as long as it has not acknowledged a heartbeat since. */
  readonly #refusedMs = new Map<MemberId, number>();
  #beat = 0;
  /** Highest heartbeat that a lease quorum has acknowledged, itself or by a later one. */
  #confirmedBeat = 0;
  /** The oldest of the newest acknowledgements that make up a lease quorum. */
  #base: Sent | undefined;

  constructor(configuration: Configuration) {
    this.#configuration = configuration;
    this.#quorum = quorumsOf(configuration).lease;
  }

  get confirmedBeat(): number {
    return this.#confirmedBeat;
  }

  get lastBeat(): number {
    return this.#beat;
  }

  nextBeat(nowMs: number, wallMs: number, commitIndex: Slot): number {
    this.#beat += 1;
    this.#sent.set(this.#beat, { sentMs: nowMs, offsetMs: wallMs - nowMs, commitIndex });
    for (const [beat, { sentMs }] of this.#sent) {
      if (sentMs >= nowMs - 2 * this.#configuration.leaseMs) break;
      this.#sent.delete(beat);
    }
    return this.#beat;
  }

  /** True when a lease quorum has newly confirmed a heartbeat. */
  acknowledge(acked: Received<HeartbeatAcked>): boolean {
    const sent = this.#sent.get(acked.beat);
    const { member } = acked.from;
    if (sent === undefined || memberIndex(this.#configuration, member) < 0) return false;
    if ((this.#acknowledged.get(member)?.beat ?? 0) >= acked.beat) return false;
    this.#refusedMs.delete(member);
    this.#acknowledged.set(member, {
      ...sent,
      beat: acked.beat,
      receivedMs: acked.nowMs,
      wallMs: acked.memberWallMs,
      chosenThrough: acked.chosenThrough,
      appliedThrough: acked.appliedThrough,
      checkpointThrough: acked.checkpointThrough,
    });
    return this.#confirm();
  }

  /** Held until `sendTime(h) + L * (1 - drift)`, h being the newest heartbeat a lease quorum acknowledged. */
  holds(nowMs: number, wallMs: number): boolean {
    if (this.#base === undefined) return false;
    const { leaseMs, driftRatio } = this.#configuration;
    if (nowMs >= this.#base.sentMs + leaseMs * (1 - driftRatio)) return false;
    return Math.abs(wallMs - nowMs - this.#base.offsetMs) <= clockStepMsMax;
  }

  /** Members, the leader included, that acknowledged a heartbeat sent within the last `withinMs`. */
  heardFrom(nowMs: number, withinMs: number, except?: MemberId): number {
    let members = 0;
    for (const [member, { sentMs }] of this.#acknowledged) {
      if (member !== except && nowMs - sentMs <= withinMs) members += 1;
    }
    return members;
  }

  acknowledgement(member: MemberId): Acknowledgement | undefined {
    return this.#acknowledged.get(member);
  }

  /** A member that refused this ballot acknowledges it no more. */
  noteRefusal(member: MemberId, nowMs: number): void {
    this.#acknowledged.delete(member);
    this.#refusedMs.set(member, nowMs);
  }

  /** Members that refused within the last `withinMs` and have acknowledged nothing since. */
  refusedBy(nowMs: number, withinMs: number, except: MemberId): number {
    let members = 0;
    for (const [member, refusedMs] of this.#refusedMs) {
      if (member !== except && nowMs - refusedMs <= withinMs) members += 1;
    }
    return members;
  }

  /** What every member has in a durable checkpoint; 0 until all have said so. */
  checkpointedEverywhere(): Slot {
    return Math.min(
      ...this.#configuration.members.map(
        ({ member }) => this.#acknowledged.get(member)?.checkpointThrough ?? 0,
      ),
    );
  }

  /**
   * The lower median of the wall clocks of those who acknowledged within a lease, each aged by the leader's
   * monotonic clock. Undefined until they are a lease quorum, and two of several members where that is one: the leader's
   * own clock, which answers first, may be the one that is wrong. Unix milliseconds.
   */
  physicalMs(nowMs: number): number | undefined {
    const clocks: number[] = [];
    for (const { receivedMs, wallMs: theirs } of this.#acknowledged.values()) {
      const ageMs = nowMs - receivedMs;
      if (ageMs <= this.#configuration.leaseMs) clocks.push(theirs + ageMs);
    }
    const wanted = Math.max(this.#quorum, Math.min(2, this.#configuration.members.length));
    if (clocks.length < wanted) return undefined;
    clocks.sort((left, right) => left - right);
    return clocks[(clocks.length - 1) >> 1];
  }

  #confirm(): boolean {
    const newest = [...this.#acknowledged.values()].sort((left, right) => right.beat - left.beat);
    const base = newest[this.#quorum - 1];
    if (base === undefined || base.beat <= this.#confirmedBeat) return false;
    this.#confirmedBeat = base.beat;
    this.#base = base;
    return true;
  }
}
