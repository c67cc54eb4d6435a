/** A system under test: the processes that keep the data, from their start to their end. */

export interface System {
  /** As in `etcd 3.6.1`. */
  readonly version: string;
  /** What an acknowledgement means on disk. */
  readonly durability: string;
  /** For drivers. */
  readonly endpoints: readonly string[];
  /** Running or standing still; none before the start. */
  readonly processes: readonly number[];
  start(): Promise<void>;
  /** Runs `write`, which writes all keys, in whatever mode is quickest, and leaves the mode that is measured. */
  load(write: () => Promise<void>): Promise<void>;
  /** Makes all its processes stand still. */
  pause(): void;
  /** Resolves when it can be measured again. */
  resume(): Promise<void>;
  /** Resolves when no process and no data is left. May be called at any time, also twice. */
  stop(): Promise<void>;
  /** How much work of its own it has done so far, where it tells. */
  work?(): Promise<SystemWork>;
}

export interface SystemWork {
  /** Checkpoints and trims by replica, and whether a process was started again. */
  between(later: SystemWork): WorkDone;
}

/** Of the replica that did the least, among those that were written to. */
export interface WorkDone {
  readonly checkpoints: number;
  readonly trims: number;
  /** A process ended and was started again. */
  readonly disturbed: boolean;
}

export function signalAll(processes: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of processes) {
    try {
      process.kill(pid, signal);
    } catch (failure) {
      // One that has ended shows as a system that does not answer.
      if ((failure as NodeJS.ErrnoException).code !== "ESRCH") throw failure;
    }
  }
}
