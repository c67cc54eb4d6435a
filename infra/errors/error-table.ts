/**
 * Every failure Synod can report, in one table: what it means for the operation, whether sending it again can
 * help, and what to do next. The codes cross the wire; the documentation prints this table.
 */

/**
 * `not executed`: the operation did not take effect and never will. `unknown`: it may have taken effect, or may
 * still do so; only reading back tells.
 */
export type Outcome = "not executed" | "unknown";

/** What a code means for the operation that failed. */
export interface ErrorMeaning {
  /** Whether the operation may have taken effect. */
  readonly outcome: Outcome;
  /** Sending the operation again, unchanged, can succeed. */
  readonly retryable: boolean;
  /** What the reader of the error should do next. */
  readonly nextStep: string;
}

function notExecuted(nextStep: string): ErrorMeaning {
  return { outcome: "not executed", retryable: false, nextStep };
}

function notExecutedRetry(nextStep: string): ErrorMeaning {
  return { outcome: "not executed", retryable: true, nextStep };
}

function unknown(nextStep: string): ErrorMeaning {
  return { outcome: "unknown", retryable: false, nextStep };
}

/** What every code means, unless an error says otherwise about itself. */
export const errorTable = {
  // What a request says is wrong in itself.
  BAD_REQUEST: notExecuted("Correct the request; the message names the field."),
  BAD_BUCKET: notExecuted("Use letters, digits, `_` and `-` in bucket names."),
  BAD_KEY: notExecuted("Use a key of 1 to 1024 bytes."),
  VALUE_TOO_LARGE: notExecuted("Keep values at or below 512 KiB; store larger ones in pieces."),
  FRAME_TOO_LARGE: notExecuted("Send fewer or smaller operations at once."),
  TRANSACTION_TOO_LARGE: notExecuted("Keep a transaction at or below 128 operations and 900 KiB."),
  NOT_A_NUMBER: notExecuted("Increment only keys that hold an integer."),
  CROSS_GROUP_TRANSACTION: notExecuted("Keep the keys of one transaction in one store group."),

  // What the log decided.
  KEY_NOT_FOUND: notExecuted("Nothing; the key does not exist."),
  CONFLICT: notExecuted("Read the key again and decide anew."),
  LOCK_LOST: notExecuted("Stop what needs the lock; take it again."),
  WRONG_REGION: notExecutedRetry("Fetch the routing table and send it to the owning group."),
  TOO_OLD: notExecuted("Read at a newer revision; history this old is no longer kept."),
  STALE_FRAME: unknown("Read the keys back; the session has moved past this frame."),
  SESSION_MISUSE: notExecuted("Never reuse a frame number for another request."),
  SESSION_EXPIRED: unknown("Open a new session; read the keys back if the frame was sent before."),
  REQUEST_ID_REUSED: notExecuted("Use a `Nats-Msg-Id`, and a reply subject, for one request only."),
  SESSION_WINDOW: notExecuted("Wait for earlier frames; at most 256 may be open."),

  // What one attempt met before the log.
  NOT_LEADER: notExecutedRetry("Send it to the named leader."),
  NO_QUORUM: notExecutedRetry("Bring back nodes until a majority of the group runs."),
  OVERLOADED: notExecutedRetry("Slow down and send again."),
  CLOCK_TOO_FAR_AHEAD: notExecutedRetry(
    "Check the clocks; the request's revision lies in the future.",
  ),
  WRONG_CLUSTER: notExecuted("Connect to the cluster the session was opened with."),
  INCOMPATIBLE_VERSION: notExecuted("Run versions that speak the same format."),
  TOO_STALE: notExecutedRetry("Ask another replica, or read linearizably."),
  UNAVAILABLE: notExecutedRetry("Try again; the node is starting or stopping."),

  // What may have happened.
  LEADERSHIP_LOST: unknown("Send the same frame again; the session table makes that safe."),
  TIMEOUT: unknown("Read the keys back, or wait longer."),

  // What the client decided.
  WATCH_GAP: notExecuted("Watch again from the error's cursor: it begins with current values."),
  PARTIAL_FAILURE: unknown("Look at the parts; carry out again those that failed."),
  ABORTED: unknown("Nothing; the caller aborted the operation."),
  CLIENT_CLOSED: notExecuted("Open a new client."),
  NOT_CONNECTED: notExecutedRetry("Check that nats-server runs where the client connects."),

  // What an operator meets.
  TOPOLOGY_INVALID: notExecuted("Correct the named line of the topology file."),
  TOPOLOGY_DIFFERS: notExecuted(
    "Use the file the cluster was born with, or another data directory.",
  ),
  LOST_STORE: notExecuted("Replace the node as a new member; its old store is gone."),
  RESTORED_STORE: notExecuted("Replace the node as a new member; its store is an old copy."),
  NEEDS_SNAPSHOT: notExecuted("Leave the node running; it needs a snapshot from another member."),
  STORE_LOCKED: notExecuted("Stop the other process that uses this data directory."),
  STORAGE_FAILED: notExecuted("Check the disk, then restart the node."),
  CORRUPT_STORE: notExecuted("Replace the node as a new member; a record fails its checksum."),
  INVARIANT_FAILED: notExecuted("Keep the data directory and report it; do not restart the node."),
  INTERNAL_ERROR: notExecuted("Restart the node; report it if it comes back."),
  BROKER_NOT_FOUND: notExecuted("Install nats-server, or name it in SYNOD_NATS_SERVER."),
  BROKER_FAILED: notExecuted("Correct what nats-server complains about, then start again."),
  PORT_IN_USE: notExecuted("Choose another port with --port."),
} as const satisfies Record<string, ErrorMeaning>;

/** The stable codes of failures. */
export type ErrorCode = keyof typeof errorTable;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorTable, text);
}
