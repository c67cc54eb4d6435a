/** How far the heap of a node's process may grow before the engine collects all of it. */
import { setFlagsFromString } from "node:v8";

/**
 * A node keeps some 20 MB of small objects, but tens of megabytes of entries and table rows come and go beside them each
 * second, and the engine counts those, too. Left to itself it collects everything as soon as both have grown by about
 * half: every 30,000 puts, for 20 to 60 ms on the event loop and on all helping threads, a fifth of all the CPU time a
 * put takes on a node. At four times of what is alive it does so a third or a quarter as often; a busy node then takes
 * some 40 MB more, an idle one none.
 */
const growthPercent = 300;

/** Holds for the whole process from here on, so it is for processes that are a node and nothing else. */
export function giveHeapRoom(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
}
