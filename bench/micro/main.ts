/** `npm run bench:micro`: what the hot paths cost the processor, an operation at a time. */
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { describeMachine } from "../throughput/machine.ts";
import { actorCases } from "./cases/actor-cases.ts";
import { codecCases } from "./cases/codec-cases.ts";
import { journalCases } from "./cases/journal-cases.ts";
import { runCases } from "./cases/run-cases.ts";
import { stateCases } from "./cases/state-cases.ts";
import type { MicroCase, Scale } from "./micro-case.ts";
import { describe, readReport, tableOf, type MicroReport } from "./report.ts";
import { measureAll } from "./sampling.ts";

interface Options {
  readonly json?: string;
  readonly compare?: string;
  readonly quick?: true;
  readonly directory: string;
}

/** The table a checkpoint is made of at 24 MiB, and no more than a look. */
const whole: Scale = { puts: 130_048, others: 100_000 };
const small: Scale = { puts: 5_120, others: 5_000 };

async function main(): Promise<void> {
  const program = new Command("bench:micro");
  program
    .description("CPU time of the hot paths, in nanoseconds for each operation.")
    .argument("[words...]", "only cases whose names contain one of these; all when there is none")
    .option("--json <file>", "write the results there as well")
    .option("--compare <file>", "print ratios against the results in an earlier file")
    .option("--directory <path>", "for the log; on the disk that is to be measured", ".synod")
    .option("--quick", "small tables and few rounds: shows that it runs, and little else");
  program.parse();
  const options = program.opts<Options>();
  const earlier = options.compare === undefined ? undefined : readReport(options.compare);
  const quick = options.quick === true;
  const rounds = quick ? 3 : 15;
  const cases = await allCases(quick ? small : whole, options.directory);
  const wanted = cases.filter(
    ({ name }) => program.args.length === 0 || program.args.some((word) => name.includes(word)),
  );
  try {
    if (wanted.length === 0) {
      console.error(`No case has such a word in its name. There are:\n${namesOf(cases)}`);
      process.exitCode = 2;
      return;
    }
    const results = await measureAll(wanted, rounds);
    const machine = describeMachine(options.directory);
    const report: MicroReport = { machine, rounds, quick, results };
    console.log(describe(report));
    if (earlier !== undefined) console.log(`compared with: ${describe(earlier)}`);
    console.log(tableOf(report, earlier));
    if (options.json !== undefined) {
      writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
    }
  } finally {
    for (const { close } of cases) await close?.();
  }
}

async function allCases(scale: Scale, directory: string): Promise<readonly MicroCase[]> {
  return [
    ...codecCases(scale),
    ...stateCases(scale),
    ...runCases(scale),
    ...(await journalCases(scale, directory)),
    ...actorCases(scale),
  ];
}

function namesOf(cases: readonly MicroCase[]): string {
  return cases.map(({ name }) => `  ${name}`).join("\n");
}

await main();
