/** Time, as a port: leases and timers use the monotonic clock, only revisions look at the wall clock. */

/** Stops a timer; stopping one that has fired or was stopped is harmless. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds (fractional) from an arbitrary start. Never goes back; stands still while the machine is suspended. */
  monotonicMs(): number;
  /** Integer milliseconds since the Unix epoch, as the operating system believes. May jump. */
  wallMs(): number;
  /** Calls back once, no earlier than `delayMs` from now. */
  after(delayMs: number, callback: () => void): Cancel;
  /** Calls back once in a later turn, after the input that is already waiting was taken: the place to flush a batch. */
  defer(callback: () => void): void;
}
