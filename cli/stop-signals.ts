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
  process.on("SIGINT", asked);
  process.on("SIGTERM", asked);
  process.on("SIGHUP", asked);
}
