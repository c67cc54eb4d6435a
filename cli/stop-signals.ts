/** Requests to stop: the first one politely, a second one at once. */

export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/**
 * One Ctrl-C arrives twice in a program that npm started: once from the terminal, and once more from npm, which
 * passes on what it got. What follows this soon is the same request.
 */
const sameRequestMs = 300;

/** Exit code of a process that a signal ended, as shells write it. */
export const exitCodeOf: Readonly<Record<StopSignal, number>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
};

const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const satisfies readonly StopSignal[];

/** Before there is anything to stop: tidies up and ends the process. Until the function it returns is called. */
export function endOnStopSignals(tidyUp: () => void): () => void {
  const end = (signal: StopSignal): void => {
    tidyUp();
    process.exit(exitCodeOf[signal]);
  };
  for (const signal of stopSignals) process.on(signal, end);
  return () => {
    for (const signal of stopSignals) process.off(signal, end);
  };
}

export function onStopSignals(
  politely: (signal: StopSignal) => void,
  atOnce: (signal: StopSignal) => void,
): void {
  let askedMs: number | undefined;
  const asked = (signal: StopSignal): void => {
    const nowMs = performance.now();
    if (askedMs === undefined) {
      askedMs = nowMs;
      politely(signal);
    } else if (nowMs - askedMs > sameRequestMs) {
      atOnce(signal);
    }
  };
  for (const signal of stopSignals) process.on(signal, asked);
}
