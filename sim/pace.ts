/** Virtual time has to move on: a run in which ever more happens in ever less time fails, instead of never ending. */
import type { SimulatedWorld } from "../infra/clock/simulated-world.ts";
import { Violation } from "./violation.ts";

const lookEveryMs = 50;
/** A hundred times what a lively second comes to. */
const eventsPerSecondMax = 1_000_000;

/** Looks for as long as the world goes on. */
export function requirePace(
  world: Pick<SimulatedWorld, "nowMs" | "eventsRun" | "schedule">,
  eventsMax = (eventsPerSecondMax * lookEveryMs) / 1_000,
): void {
  const { eventsRun: before, nowMs: sinceMs } = world;
  world.schedule(lookEveryMs, () => {
    const events = world.eventsRun - before;
    if (events > eventsMax) {
      const text = `${events} events between ${sinceMs} and ${world.nowMs} ms`;
      throw new Violation("virtual time moves on", text);
    }
    requirePace(world, eventsMax);
  });
}
