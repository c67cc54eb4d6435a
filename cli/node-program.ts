/** All that a running node needs, which takes some tenths of a second to load. */
import { pino } from "pino";
import { jsonLog, type Log } from "../infra/logging/json-log.ts";

export { startNodeUnder } from "../server/start-node.ts";

/** To standard output, where a line is written before whoever said it goes on. */
export function logToOutput(bindings: Readonly<Record<string, unknown>>): Log {
  return jsonLog(bindings, pino.destination({ fd: 1, sync: true }));
}
