/** Writing frames to one group: numbered in a session, answered by the group's log. */
import { requestKind } from "../../infra/codec/formats.ts";
import type { WriteRequest } from "../../infra/codec/request-encoder.ts";
import type { WriteEnvelope } from "../../infra/codec/request-envelope.ts";
import type { Call } from "./call.ts";
import { Frame } from "./frame.ts";
import { Lane, type FrameSize, type LaneHost } from "./lane.ts";
import type { Members } from "./members.ts";
import type { Sessions } from "./sessions.ts";

export class WriteLane extends Lane {
  readonly #sessions: Sessions;

  constructor(group: string, members: Members, host: LaneHost, sessions: Sessions) {
    super(group, members, host);
    this.#sessions = sessions;
  }

  protected override get frameWeightMax(): number {
    return this.host.limits.frameOperationsMax;
  }

  protected override nextFrame(_: number, underWay: number): FrameSize {
    const { furtherFrameOperations } = this.host.limits;
    return { callsMin: Math.min(underWay, furtherFrameOperations), callsMax: Infinity };
  }

  protected override makeFrame(takeCalls: () => readonly Call[]): Frame | undefined {
    const { encoder, inbox, counters, clusterId, framed } = this.host;
    const session = this.#sessions.current();
    const numbering = session?.numbering(this.group);
    if (session === undefined || numbering?.canOpen !== true) return undefined;
    const calls = takeCalls();
    const number = numbering.open();
    const envelope: WriteEnvelope = {
      kind: requestKind.write,
      clusterId: clusterId(),
      group: this.group,
      session: session.id,
      born: session.born,
      number,
      floor: numbering.floor,
    };
    const operations = calls.map(({ request }) => request as WriteRequest);
    const bytes = encoder.writeFrame(envelope, operations);
    counters.frames++;
    framed(
      envelope,
      calls.map(({ operation }) => operation),
    );
    return new Frame(this, inbox, calls, { number, bytes }, { session, numbering });
  }

  protected override get asksLeader(): boolean {
    return true;
  }

  /** Any node passes a frame on, so one that does not lead will do while nobody knows who leads. */
  protected override chooseTarget(): string | undefined {
    return this.members.leaderOrNext(this.host.clock.monotonicMs());
  }

  /** Given up as unknown counts as settled: a later frame's floor then ends whatever chance it still had. */
  protected override frameEnded({ numbered, number }: Frame): void {
    numbered?.numbering.settle(number);
  }

  protected override noteAnswer(): void {}
}
