/** How much one client may have open, and how long it waits for what. */
import { envelopeBytesMax } from "../../infra/codec/request-encoder.ts";

/** How much one client may have open, and how long it waits for what. */
export interface ClientLimits {
  /** How long an attempt may stay unanswered before the same frame is sent again. */
  readonly attemptTimeoutMs: number;
  /** Between two attempts of a frame that was refused for the moment. */
  readonly backoffMsMin: number;
  /** The pause grows from attempt to attempt, up to this. */
  readonly backoffMsMax: number;
  /** The same between two questions who leads, which are asked as long as nobody knows. */
  readonly routeBackoffMsMax: number;
  /** Frames that may be under way to one group, for each kind of frame. */
  readonly framesInFlightMax: number;
  /**
   * Writes that have to wait before one more frame is opened, unless fewer are under way: one frame of sixty
   * costs the nodes hardly more than one of six, and who waits for it waits less than a round trip.
   */
  readonly furtherFrameOperations: number;
  /** Frames among which reads to one group are divided, so that client, NATS server and node work at the same time. */
  readonly readFramesWanted: number;
  /** Of fewer than twice as many reads no two frames are made: each frame costs the same again. */
  readonly dividedReadsMin: number;
  /** Operations of one frame, each operation inside a transaction counted. */
  readonly frameOperationsMax: number;
  /** Encoded operations of one frame; a single larger operation travels alone. */
  readonly frameBytesTarget: number;
  /**
   * Rows that the answer to one reading frame may have. Nodes bound the keys and values of an answer; this bounds
   * what comes on top of each row, so that both together fit into one message.
   */
  readonly frameRowsMax: number;
  /** Values expected in the answer to one reading frame, going by the answers before it. */
  readonly answerBytesTarget: number;
  /** Operations that may wait for their answers, and their bytes: beyond it a call is refused at once. */
  readonly pendingCallsMax: number;
  /** Encoded bytes of the same. */
  readonly pendingBytesMax: number;
  /** A new session is opened after this; nodes let one live for twice as long. */
  readonly sessionAgeMsMax: number;
  /** How old a route may be whose stamp a new session is born at. */
  readonly birthStampAgeMsMax: number;
  /** A route older than this is asked for again by and by: leadership may have moved without anybody saying so. */
  readonly routeAgeMsMax: number;
  /** How long a node that left an attempt unanswered is passed over. */
  readonly silenceMs: number;
  /** How long nodes may go on naming a leader that is dead: a lease, and what its successor's election takes. */
  readonly routeLagMsMax: number;
  /** Deadlines and pauses are looked after this often while anything is pending. */
  readonly tickMs: number;
}

export const defaultClientLimits: ClientLimits = {
  attemptTimeoutMs: 500,
  backoffMsMin: 20,
  backoffMsMax: 500,
  routeBackoffMsMax: 100,
  framesInFlightMax: 8,
  furtherFrameOperations: 256,
  readFramesWanted: 2,
  dividedReadsMin: 32,
  frameOperationsMax: 2_000,
  frameBytesTarget: 256 * 1024,
  frameRowsMax: 3_000,
  answerBytesTarget: 512 * 1024,
  pendingCallsMax: 100_000,
  pendingBytesMax: 64 * 1024 * 1024,
  sessionAgeMsMax: 15 * 60_000,
  birthStampAgeMsMax: 60_000,
  routeAgeMsMax: 10_000,
  silenceMs: 1_500,
  routeLagMsMax: 700,
  tickMs: 10,
};

/** What a node needs of a message around a frame: entry, ballots, and the reply subject where it is passed on. */
const messageReserveBytes = 4096 + 64;

/** Bytes the operations of a frame may have where the NATS server takes messages of `payloadBytesMax`. */
export function operationBytesMax(payloadBytesMax: number): number {
  return payloadBytesMax - messageReserveBytes - envelopeBytesMax;
}
