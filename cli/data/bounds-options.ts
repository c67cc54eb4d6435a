/** The options that choose keys by where they lie. */
import type { Command } from "commander";
import type { Bounds } from "../../client/range-scan.ts";

export interface BoundsFlags {
  readonly prefix?: string;
  readonly start?: string;
  readonly end?: string;
}

export function addBoundsOptions(command: Command): Command {
  return command
    .option("--prefix <text>", "what every key begins with")
    .option("--start <key>", "the first key that belongs to the range")
    .option("--end <key>", "the first key that does not belong to it any more");
}

export function boundsOf({ prefix, start, end }: BoundsFlags): Bounds {
  return {
    ...(prefix === undefined ? {} : { prefix }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  };
}

export function hasBounds({ prefix, start, end }: BoundsFlags): boolean {
  return prefix !== undefined || start !== undefined || end !== undefined;
}

/** `keys with prefix user: in bucket default`. */
export function boundsText({ prefix, start, end }: BoundsFlags, bucket: string): string {
  const parts = [
    ...(prefix === undefined ? [] : [`with prefix ${prefix}`]),
    ...(start === undefined ? [] : [`from ${start} on`]),
    ...(end === undefined ? [] : [`before ${end}`]),
  ];
  return [...parts, `in bucket ${bucket}`].join(" ");
}
