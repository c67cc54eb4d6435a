/** Reading frames to one group, all asking for the same freshness. */
import { requestKind } from "../../infra/codec/formats.ts";
import type { ReadRequest } from "../../infra/codec/request-encoder.ts";
import type { ReadEnvelope } from "../../infra/codec/request-envelope.ts";
import { isFailure, type OperationResult } from "../../kv/commands/result.ts";
import type { Call } from "./call.ts";
import { Frame } from "./frame.ts";
import { isStale, type Freshness } from "./freshness.ts";
import { Lane, type FrameSize, type LaneHost } from "./lane.ts";
import type { Members } from "./members.ts";

/** Share of the newest answer in the running average. */
const newestShare = 0.25;

export class ReadLane extends Lane {
  readonly #freshness: Freshness;
  /** Bytes of an answer for each unit of weight, as a running average: how much may be asked for at once. */
  #answerBytesPerWeight = 0;
  #framesMade = 0;

  constructor(group: string, members: Members, host: LaneHost, freshness: Freshness) {
    super(group, members, host);
    this.#freshness = freshness;
  }

  protected override get frameWeightMax(): number {
    const { frameRowsMax, answerBytesTarget } = this.host.limits;
    return Math.min(frameRowsMax, answerBytesTarget / this.#answerBytesPerWeight);
  }

  /**
   * Reads that many callers wait for are divided among several frames: while one is read by the node, another is on its
   * way and a third is taken apart here.
   */
  protected override nextFrame(waiting: number, underWay: number): FrameSize {
    const { readFramesWanted, dividedReadsMin } = this.host.limits;
    const all = waiting + underWay;
    const frames = Math.max(1, Math.min(readFramesWanted, Math.floor(all / dividedReadsMin)));
    const share = Math.floor(all / frames);
    // What is left over goes along.
    const callsMax = waiting < 2 * share ? waiting : share;
    return { callsMin: Math.min(underWay, share), callsMax };
  }

  /** Reads carry no session: there is always a number. */
  protected override makeFrame(takeCalls: () => readonly Call[]): Frame {
    const { encoder, inbox, counters, clusterId } = this.host;
    const calls = takeCalls();
    const number = ++this.#framesMade;
    const envelope: ReadEnvelope = {
      kind: requestKind.read,
      clusterId: clusterId(),
      group: this.group,
      ...this.#freshness,
      number,
    };
    const operations = calls.map(({ request }) => request as ReadRequest);
    const bytes = encoder.readFrame(envelope, operations);
    counters.frames++;
    return new Frame(this, inbox, calls, { number, bytes }, undefined);
  }

  protected override get asksLeader(): boolean {
    return !isStale(this.#freshness);
  }

  protected override chooseTarget(): string | undefined {
    const nowMs = this.host.clock.monotonicMs();
    return isStale(this.#freshness) ? this.members.next(nowMs) : this.members.leaderOrNext(nowMs);
  }

  protected override frameEnded(): void {}

  protected override noteAnswer(
    { calls }: Frame,
    results: readonly OperationResult[],
    bytes: number,
  ): void {
    let weight = 0;
    // By position: an iterator would make an object for each result.
    for (let at = 0; at < results.length; at++) {
      if (!isFailure(results[at] as OperationResult)) weight += calls[at]?.weight ?? 0;
    }
    if (weight === 0) return;
    const change = bytes / weight - this.#answerBytesPerWeight;
    this.#answerBytesPerWeight += change * newestShare;
  }
}
