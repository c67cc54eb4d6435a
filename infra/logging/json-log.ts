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
  return (what, details = {}) => logger.info(details, what);
}
