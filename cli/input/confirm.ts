/** Asks before something is destroyed. */
import { createInterface } from "node:readline/promises";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { exitCodeOf } from "../stop-signals.ts";

/**
 * Whether a person says yes to `what`, as in "remove 12 keys". Throws `BAD_REQUEST` where nobody can be asked.
 */
export async function isConfirmed(what: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new SynodError("BAD_REQUEST", `nobody is there to be asked whether to ${what}`, {
      nextStep: "Pass --force if that is what you want.",
    });
  }
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  dialogue.once("SIGINT", () => process.exit(exitCodeOf.SIGINT));
  try {
    const answer = await dialogue.question(`${what[0]?.toUpperCase()}${what.slice(1)}? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    dialogue.close();
  }
}
