/** `npm run sim`: whole clusters under faults, from the sources of this repository. */
import { Command, CommanderError } from "commander";
import { addSimulation } from "./command/sim-options.ts";

const wrongUsage = 2;
const command = new Command("npm run sim --");
command.exitOverride().showHelpAfterError("(--help tells how it is used)");
const print = (line: string): void => console.log(line);
try {
  await addSimulation(command, { invocation: "npm run sim --", print }).parseAsync();
} catch (failure) {
  if (!(failure instanceof CommanderError)) throw failure;
  process.exitCode = failure.exitCode === 0 ? 0 : wrongUsage;
}
