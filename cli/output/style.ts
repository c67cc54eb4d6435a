/** Bold, dim and coloured text where a terminal shows it, plain text everywhere else. */
import type { WriteStream } from "node:tty";

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
}

export const colorChoices = ["auto", "always", "never"] as const;

/** `auto`: on a terminal, unless the environment has `NO_COLOR`. */
export type ColorChoice = (typeof colorChoices)[number];

type Output = Pick<WriteStream, "isTTY">;

/** `NO_COLOR`, set to anything, turns it off (no-color.org); what the command line says comes first. */
export function styleFor(
  output: Output,
  environment: NodeJS.ProcessEnv = process.env,
  color: ColorChoice = "auto",
): Style {
  const suits = output.isTTY && (environment["NO_COLOR"] ?? "") === "";
  const isColored = color === "always" || (color === "auto" && suits);
  const wrap = (start: number, end: number) => (text: string) =>
    !isColored || text === "" ? text : `\u001B[${start}m${text}\u001B[${end}m`;
  return {
    bold: wrap(1, 22),
    dim: wrap(2, 22),
    red: wrap(31, 39),
    yellow: wrap(33, 39),
    green: wrap(32, 39),
  };
}
