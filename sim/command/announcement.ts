/** What is said before the first seed has ended: what runs, how much of it at once, and under which options. */
import type { SeedOptions } from "../run-seed.ts";
import { countText } from "./count-text.ts";
import { optionWords } from "./replay-command.ts";
import type { SimulationOptions } from "./sim-options.ts";

export function announcementLines(
  options: SimulationOptions,
  shared: Omit<SeedOptions, "seed">,
): readonly string[] {
  const words = [...optionWords(shared), ...(options.twice ? ["--twice"] : [])];
  const lines = [`running ${whatOf(options)}: ${words.join(" ")}`];
  if (shared.faults !== undefined) {
    lines.push(
      "--faults chooses what strikes once the cluster serves; stores that are born in trouble have faults of their own",
    );
  }
  return lines;
}

function whatOf(options: SimulationOptions): string {
  const { seed, shrink, seeds, seedStart, minutes, jobs } = options;
  if (shrink !== undefined) return `seed ${shrink}, then smaller runs`;
  if (seed !== undefined) return `seed ${seed}`;
  const threads = `in ${countText(jobs, "thread")}`;
  if (minutes === undefined) return `${countText(seeds, "seed")} from ${seedStart} on ${threads}`;
  return `seeds from ${seedStart} on ${threads}, for ${countText(minutes, "minute")}`;
}
