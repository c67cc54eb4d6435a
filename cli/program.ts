/** All commands. */
import { Command, Option } from "commander";
import { addCompletion } from "./commands/completion.ts";
import { addDel } from "./commands/del.ts";
import { addDev } from "./commands/dev.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addExport } from "./commands/export.ts";
import { addGet } from "./commands/get.ts";
import { addImport } from "./commands/import.ts";
import { addIncr } from "./commands/incr.ts";
import { addInspect } from "./commands/inspect.ts";
import { addPut } from "./commands/put.ts";
import { addRange } from "./commands/range.ts";
import { addRegions } from "./commands/regions.ts";
import { addSim } from "./commands/sim.ts";
import { addStart } from "./commands/start.ts";
import { addStatus } from "./commands/status.ts";
import { addTxn } from "./commands/txn.ts";
import { addWatch } from "./commands/watch.ts";
import { exitCodeHelp } from "./output/exit-codes.ts";
import type { Screen } from "./output/screen.ts";
import { colorChoices, type ColorChoice } from "./output/style.ts";
import { synodVersion } from "./package-root.ts";

/** Their help says itself what they end with. */
const withOwnExitCodes: ReadonlySet<string> = new Set(["sim"]);

const help = `
Examples:
  synod dev                      a cluster on this machine
  synod put greeting hello       in another terminal, in the same directory
  synod get greeting
  synod status
  synod help put                 how a command is used`;

export interface ProgramOptions {
  /** Otherwise whoever runs it tells of a wrong command line, of which it is thrown as well. */
  readonly usageErrorsAreTold: boolean;
}

export function synodProgram(
  screen: Screen,
  { usageErrorsAreTold }: ProgramOptions = { usageErrorsAreTold: true },
): Command {
  const program = new Command("synod");
  if (!usageErrorsAreTold) program.configureOutput({ writeErr: () => undefined });
  program
    .description("A replicated, strongly consistent key-value store on NATS.")
    .version(synodVersion)
    .addOption(
      new Option("--color <when>", "colours; auto: on a terminal, unless NO_COLOR is set")
        .choices(colorChoices)
        .default("auto"),
    )
    .hook("preAction", () => screen.useColor(program.opts<{ color: ColorChoice }>().color))
    // Set before the commands are added, which take it over.
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .showHelpAfterError("(--help tells how it is used)")
    .addHelpText("after", help);
  program.commandsGroup("Run a cluster:");
  addDev(program, screen);
  addStart(program);
  program.commandsGroup("Look at it:");
  addStatus(program, screen);
  addRegions(program, screen);
  addDoctor(program, screen);
  addInspect(program, screen);
  program.commandsGroup("Use it:");
  addPut(program, screen);
  addGet(program, screen);
  addDel(program, screen);
  addRange(program, screen);
  addWatch(program, screen);
  addIncr(program, screen);
  addTxn(program, screen);
  program.commandsGroup("Move it:");
  addImport(program, screen);
  addExport(program, screen);
  program.commandsGroup("More:");
  addSim(program, screen);
  addHelp(program);
  addCompletion(program, screen);
  for (const command of [program, ...program.commands]) {
    if (!withOwnExitCodes.has(command.name())) command.addHelpText("after", exitCodeHelp);
  }
  return program;
}

/** Commander's own answers a name that is no command with the whole help, and not with what is wrong. */
function addHelp(program: Command): void {
  program.helpCommand(false);
  program
    .command("help [command]")
    .description("show how a command is used")
    .helpOption(false)
    .action((name: string | undefined) => {
      if (name === undefined) return program.help();
      const command = program.commands.find((candidate) => candidate.name() === name);
      if (command === undefined) return program.error(`error: unknown command '${name}'`);
      return command.help();
    });
}
