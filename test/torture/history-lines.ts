/** A history as lines of JSON, for whoever looks into a failure. */
import type { Recorded } from "../../sim/workload/history.ts";

export function historyLines(operations: readonly Recorded[]): string {
  const lines = operations.map((recorded) => {
    const { told, ...asked } = recorded;
    const answer =
      told === undefined
        ? undefined
        : "result" in told.answer
          ? told.answer
          : {
              code: told.answer.code,
              outcome: told.answer.outcome,
              message: told.answer.message,
            };
    return JSON.stringify({ ...asked, returnedMs: told?.atMs, answer }, (name, value: unknown) =>
      name === "source" && value instanceof Uint8Array ? Buffer.from(value).toString() : value,
    );
  });
  return `${lines.join("\n")}\n`;
}
