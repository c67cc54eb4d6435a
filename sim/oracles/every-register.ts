/** The second oracle: every key's operations, as clients saw them, have an order. It trusts neither log nor state machine. */
import { Violation } from "../violation.ts";
import type { Recorded } from "../workload/history.ts";
import { earliestOperations } from "./earliest-operations.ts";
import { checkRegister } from "./linearizability.ts";
import { registersOf } from "./registers.ts";

/** Of one key; a search of more is cut there. */
const operationsMax = 300;

/** How many keys were looked at, and for how many of them the search found no answer in time. */
export interface RegistersChecked {
  readonly checked: number;
  readonly undecided: number;
}

export function checkRegisters(operations: readonly Recorded[]): RegistersChecked {
  const registers = registersOf(operations);
  let undecided = 0;
  for (const [key, own] of registers) {
    const verdict = checkRegister(earliestOperations(own, operationsMax));
    if (verdict.kind === "undecided") undecided += 1;
    if (verdict.kind !== "violated") continue;
    const text = `${JSON.stringify(key)}: ${verdict.explained} of ${own.length} explained, then ${verdict.next}`;
    throw new Violation("every key is linearizable", text);
  }
  return { checked: registers.size, undecided };
}
