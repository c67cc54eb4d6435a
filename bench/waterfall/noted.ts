/** What the processes of a cluster note while they are looked at, on the one clock they share. */

/** A NATS message, as far as a waterfall wants to know it. */
export interface NotedMessage {
  readonly subject: string;
  /** Between nodes, the kind of message. */
  readonly type?: string;
  readonly group?: string;
  readonly from?: string;
  readonly slots?: readonly number[];
}

export interface Noted {
  readonly kind: "received" | "sent" | "written";
  /** Of a write: called. */
  readonly beginMs: number;
  /** Of a write: a socket has taken it, the disk has it and the program has heard so. */
  readonly endMs: number;
  readonly messages: readonly NotedMessage[];
}

/** A put, as its caller saw it. */
export interface CalledPut {
  readonly beginMs: number;
  readonly endMs: number;
}

/** What the client is to do. */
export interface CallerTask {
  readonly server: string;
  readonly password: string;
  readonly warmUpPuts: number;
  readonly puts: number;
  readonly valueBytes: number;
  readonly keys: number;
  /** Where the puts' times are left. */
  readonly directory: string;
}

/** In its directory. */
export const calledFile = "called.json";

/** The machine's monotonic clock: the same in all processes. */
export function absoluteMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
