/** What is written on a command line, as values. Each throws commander's error for what it is not. */
import { InvalidArgumentError, Option } from "commander";

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `500ms`, `10s`, `5m`, `2h`, `1d`, in milliseconds. */
export function duration(text: string): number {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const durationMs = Number(amount) * (units[unit] ?? 0);
  if (durationMs >= 1) return Math.round(durationMs);
  throw new InvalidArgumentError("Write a number and a unit: 500ms, 10s, 5m, 2h or 1d.");
}

/** `--timeout`, which is shown with the unit it was written with. */
export function timeoutOption(what: string, usual: string): Option {
  return new Option("--timeout <duration>", what)
    .argParser(duration)
    .default(duration(usual), usual);
}

/** A whole number from `least` up. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number;
    throw new InvalidArgumentError(`Write a whole number from ${least} up.`);
  };
}

export function signedNumber(text: string): number {
  const number = Number(text);
  if (/^[-+]?\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError("Write a whole number of at most 16 digits.");
}

export function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError("A port is a number from 1 to 65535.");
}

/** One or more addresses, with commas between them. */
export function serverList(text: string): string[] {
  return text.split(",").map((server) => server.trim());
}
