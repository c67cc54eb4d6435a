/** All commands, or the one that is asked for. */
import { Command, Option } from "commander";
import { exitCodeHelp } from "./output/exit-codes.ts";
import type { Screen } from "./output/screen.ts";
import { colorChoices, type ColorChoice } from "./output/style.ts";
import { synodVersion } from "./package-root.ts";

type AddCommand = (program: Command, screen: Screen) => void;

interface Listed {
  readonly name: string;
  readonly group: string;
  /** Each is loaded for itself: most of the time a short command takes goes into loading what others need. */
  readonly load: () => Promise<AddCommand>;
}

function groupOf(
  group: string,
  loaders: Readonly<Record<string, () => Promise<AddCommand>>>,
): readonly Listed[] {
  return Object.entries(loaders).map(([name, load]) => ({ name, group, load }));
}

const listed: readonly Listed[] = [
  ...groupOf("Run a cluster:", {
    dev: async () => (await import("./commands/dev.ts")).addDev,
    start: async () => (await import("./commands/start.ts")).addStart,
  }),
  ...groupOf("Look at it:", {
    status: async () => (await import("./commands/status.ts")).addStatus,
    regions: async () => (await import("./commands/regions.ts")).addRegions,
    doctor: async () => (await import("./commands/doctor.ts")).addDoctor,
    inspect: async () => (await import("./commands/inspect.ts")).addInspect,
  }),
  ...groupOf("Use it:", {
    put: async () => (await import("./commands/put.ts")).addPut,
    get: async () => (await import("./commands/get.ts")).addGet,
    del: async () => (await import("./commands/del.ts")).addDel,
    range: async () => (await import("./commands/range.ts")).addRange,
    watch: async () => (await import("./commands/watch.ts")).addWatch,
    incr: async () => (await import("./commands/incr.ts")).addIncr,
    txn: async () => (await import("./commands/txn.ts")).addTxn,
  }),
  ...groupOf("Move it:", {
    import: async () => (await import("./commands/import.ts")).addImport,
    export: async () => (await import("./commands/export.ts")).addExport,
  }),
  ...groupOf("More:", {
    sim: async () => (await import("./commands/sim.ts")).addSim,
    help: () => Promise.resolve(addHelp),
    completion: async () => (await import("./commands/completion.ts")).addCompletion,
  }),
];

/** They speak of all the others. */
const needAll: ReadonlySet<string> = new Set(["help", "completion"]);

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
  /** The command that is called; every one is there unless it can do without the others. */
  readonly called?: string;
}

export async function synodProgram(
  screen: Screen,
  { usageErrorsAreTold, called }: ProgramOptions = { usageErrorsAreTold: true },
): Promise<Command> {
  const own = listed.filter(({ name }) => name === called && !needAll.has(name));
  const commands = own.length > 0 ? own : listed;
  const loaded = await Promise.all(commands.map(({ load }) => load()));
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
  for (const [index, { group }] of commands.entries()) {
    program.commandsGroup(group);
    loaded[index]?.(program, screen);
  }
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
