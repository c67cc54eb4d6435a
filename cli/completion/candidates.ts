/** What may stand next on a command line, read off the commands themselves. */
import type { Argument, Command, Option } from "commander";

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

export interface Candidates {
  readonly candidates: readonly Candidate[];
  /** Names of files may stand there as well. */
  readonly areFiles: boolean;
}

/** Values of an option that only the machine knows, by the option's long name. */
export type KnownValues = Readonly<Record<string, () => readonly string[]>>;

const nothing: Candidates = { candidates: [], areFiles: false };

/** `words` are those behind `synod`; the last one, possibly empty, is the one to complete. */
export function candidatesFor(
  program: Command,
  words: readonly string[],
  known: KnownValues = {},
): Candidates {
  const current = words.at(-1) ?? "";
  const line = readLine(program, words.slice(0, -1));
  if (line.open !== undefined) return starting(valuesOf(line.open, known), current);
  if (current.startsWith("-")) return optionCandidates(line, current, known);
  const { command, given } = line;
  if (command === program) return starting(commandCandidates(program), current);
  if (command.name() === "help") return starting(commandCandidates(program), current);
  const argument = command.registeredArguments[given] ?? variadicOf(command);
  return argument === undefined ? nothing : starting(argumentCandidates(argument), current);
}

interface Line {
  readonly command: Command;
  readonly options: readonly Option[];
  /** Arguments of the command that stand there already. */
  readonly given: number;
  /** The option whose value comes next. */
  readonly open: Option | undefined;
  readonly used: ReadonlySet<string>;
}

function readLine(program: Command, words: readonly string[]): Line {
  let command = program;
  let options = optionsOf(program, program);
  let given = 0;
  let open: Option | undefined;
  const used = new Set<string>();
  for (const word of words) {
    if (open !== undefined) {
      open = undefined;
    } else if (word.startsWith("-")) {
      const option = options.find(({ short, long }) => [short, long].includes(word.split("=")[0]));
      if (option?.long !== undefined && !option.variadic) used.add(option.long);
      const takesValue = option !== undefined && (option.required || option.optional);
      if (takesValue && !word.includes("=")) open = option;
    } else if (command === program) {
      command = namedIn(program, word) ?? program;
      options = optionsOf(command, program);
    } else {
      given += 1;
    }
  }
  return { command, options, given, open, used };
}

function namedIn(program: Command, name: string): Command | undefined {
  return visibleCommands(program).find((command) => command.name() === name);
}

function visibleCommands(program: Command): readonly Command[] {
  return program.createHelp().visibleCommands(program);
}

/** The program's own stand behind every command as well, all but its version. */
function optionsOf(command: Command, program: Command): readonly Option[] {
  const own = program.createHelp().visibleOptions(command);
  if (command === program) return own;
  const names = own.map(({ long }) => long);
  return [
    ...own,
    ...program.options.filter(({ long }) => long !== "--version" && !names.includes(long)),
  ];
}

function variadicOf(command: Command): Argument | undefined {
  const last = command.registeredArguments.at(-1);
  return last?.variadic === true ? last : undefined;
}

function commandCandidates(program: Command): Candidates {
  const candidates = visibleCommands(program).map((command) => ({
    value: command.name(),
    description: command.description(),
  }));
  return { candidates, areFiles: false };
}

function optionCandidates(
  { options, used }: Line,
  current: string,
  known: KnownValues,
): Candidates {
  const [name = "", begun] = current.split("=", 2);
  if (begun !== undefined) {
    const option = options.find(({ long }) => long === name);
    if (option === undefined) return nothing;
    const { candidates, areFiles } = starting(valuesOf(option, known), begun);
    const whole = candidates.map(({ value, description }) => ({
      value: `${name}=${value}`,
      description,
    }));
    return { candidates: whole, areFiles };
  }
  const candidates = options.flatMap(({ long, description }) =>
    long === undefined || used.has(long) ? [] : [{ value: long, description }],
  );
  return starting({ candidates, areFiles: false }, current);
}

const namesFile = /<(path|file|directory)>/;

function valuesOf({ argChoices, long, flags }: Option, known: KnownValues): Candidates {
  const values = argChoices ?? known[long ?? ""]?.() ?? [];
  return { candidates: values.map(plain), areFiles: namesFile.test(flags) };
}

function argumentCandidates(argument: Argument): Candidates {
  const { argChoices = [] } = argument;
  return { candidates: argChoices.map(plain), areFiles: argument.name() === "file" };
}

function plain(value: string): Candidate {
  return { value, description: "" };
}

function starting({ candidates, areFiles }: Candidates, begun: string): Candidates {
  return { candidates: candidates.filter(({ value }) => value.startsWith(begun)), areFiles };
}
