/** The command that runs a seed again, as a user would type it. */
import type { SeedOptions } from "../run-seed.ts";
import { formatStrikeNumbers } from "../strike-numbers.ts";

export const usualFaultsMs = 20_000;

export function replayCommand(invocation: string, options: SeedOptions): string {
  const words = ["--seed", String(options.seed), ...optionWords(options)];
  return `${invocation} ${words.join(" ")}`;
}

/** All that makes a run what it is, but for its seed. */
export function optionWords(options: Omit<SeedOptions, "seed">): readonly string[] {
  const { nodes = 3, quorums, faultsMs = usualFaultsMs, faults, without } = options;
  const words = ["--nodes", String(nodes)];
  const add = (name: string, value: number | string | undefined): void => {
    if (value !== undefined) words.push(name, String(value));
  };
  add("--phase1", quorums?.phase1);
  add("--phase2", quorums?.phase2);
  add("--faults-ms", faultsMs === usualFaultsMs ? undefined : faultsMs);
  const names = faults?.join(",");
  add("--faults", names?.includes(" ") === true ? `"${names}"` : names);
  if (without !== undefined && without.size > 0) add("--without", formatStrikeNumbers(without));
  add("--clients", options.clients);
  add("--raw-clients", options.rawClients);
  add("--bankers", options.bankers);
  add("--watchers", options.watchers);
  add("--keys", options.keys);
  return words;
}
