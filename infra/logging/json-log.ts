/** Logs as JSON lines: one object a line, to a file or to standard output. */
import { pino, type DestinationStream, type Logger } from "pino";

export type Log = (what: string, details?: Readonly<Record<string, unknown>>) => void;

/** Lines are written when they are said: what a process said last is what its reader needs most. */
export function jsonLog(
  bindings: Readonly<Record<string, unknown>>,
  destination: DestinationStream,
): Log {
  const logger: Logger = pino(
    { base: bindings, timestamp: pino.stdTimeFunctions.isoTime },
    destination,
  );
  return (what, details = {}) => logger[levelOf(details)](details, what);
}

/** A failure that has an error code waits for a person; one that only has a cause is tried again. */
function levelOf(details: Readonly<Record<string, unknown>>): "error" | "warn" | "info" {
  if ("code" in details) return "error";
  return "cause" in details ? "warn" : "info";
}
