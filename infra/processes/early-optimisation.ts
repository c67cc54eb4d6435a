/** How soon the engine optimises what a node's process does over and over. */
import { setFlagsFromString } from "node:v8";

/**
 * Most functions of a node run a few times for each log entry, and a busy node has some two hundred entries a second. With
 * the engine's own budget, four times this one, such a function runs unoptimised for ten or twenty seconds, at several
 * times the cost.
 */
const interruptBudgetBytes = 16 * 1024;

/** Holds for the whole process from here on, so it is for processes that are a node and nothing else. */
export function optimiseEarly(): void {
  setFlagsFromString(`--interrupt-budget=${interruptBudgetBytes}`);
}
