/** `synod status`: how a cluster is, asked of every node, so that it works without a quorum as well. */
import { setTimeout } from "node:timers/promises";
import { Option, type Command } from "commander";
import { Inbox } from "../../client/core/inbox.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { duration, timeoutOption } from "../arguments.ts";
import type { ClusterPicture } from "../cluster/cluster-picture.ts";
import { ClusterQuestions } from "../cluster/cluster-questions.ts";
import { issuesOf, type Issue } from "../cluster/issues.ts";
import { statusLines, statusObject } from "../cluster/status-report.ts";
import { takePicture } from "../cluster/take-picture.ts";
import { addConnectionOptions, connectionHelp } from "../connection/connection-options.ts";
import { withoutPassword } from "../connection/not-connected.ts";
import { openTransport } from "../connection/open-transport.ts";
import { whereToConnect, type ConnectionFlags } from "../connection/where-to-connect.ts";
import { exitCode } from "../output/exit-codes.ts";
import type { Screen } from "../output/screen.ts";
import { exitCodeOf, onStopSignals } from "../stop-signals.ts";

interface StatusOptions extends ConnectionFlags {
  readonly json?: boolean;
  readonly check?: boolean;
  /** Milliseconds between two looks; true = as usual. */
  readonly watch?: number | true;
  /** Nodes that have not answered by then are taken for silent. */
  readonly timeout: number;
}

const help = `
Every node is asked, so it works without a quorum as well. LAG counts entries that are chosen and not applied yet;
checkpoints and trims are counted since the node started.

Examples:
  synod status
  synod status --watch                 again every 2 s, until Ctrl-C
  synod status --check || echo "something is wrong"
  synod status --json`;

export function addStatus(program: Command, screen: Screen): void {
  addConnectionOptions(
    program
      .command("status")
      .description("show nodes, groups, leaders, regions, and what is wrong"),
  )
    .option("--json", "print one JSON object")
    .option("--check", "fail with exit code 1 when there are issues")
    .addOption(
      new Option("--watch [interval]", "look again and again, every 2s unless told otherwise")
        .argParser(duration)
        .conflicts("check"),
    )
    .addOption(timeoutOption("how long nodes may take to answer", "1s"))
    .addHelpText("after", help)
    .addHelpText("after", connectionHelp)
    .action(async (options: StatusOptions) => {
      process.exitCode = await status(options, screen);
    });
}

/** Resolves with the exit code. */
async function status(options: StatusOptions, screen: Screen): Promise<number> {
  const { watch, check } = options;
  const place = whereToConnect(options, process.env, process.cwd());
  const transport = await openTransport(place);
  try {
    const { prefix, access } = place;
    const inbox = new Inbox(transport);
    const questions = new ClusterQuestions({ transport, inbox, clock: systemClock, prefix });
    if (watch !== undefined) return await watchStatus(questions, options, screen);
    const picture = await takePicture(questions, options.timeout);
    if (picture.nodes.length === 0) throw noNodeAnswers(access.servers, prefix);
    const issues = issuesOf(picture);
    show(picture, issues, options, screen);
    return check === true && issues.length > 0 ? exitCode.failed : exitCode.done;
  } finally {
    await transport.close();
  }
}

const usualIntervalMs = 2_000;
const clearScreen = "\u001B[H\u001B[2J\u001B[3J";

/** Until Ctrl-C, which is the way to end it and so no failure. What cannot be reached meanwhile is shown as such. */
async function watchStatus(
  questions: ClusterQuestions,
  options: StatusOptions,
  screen: Screen,
): Promise<number> {
  const intervalMs = typeof options.watch === "number" ? options.watch : usualIntervalMs;
  const stopped = new AbortController();
  onStopSignals(
    () => stopped.abort(),
    (signal) => process.exit(exitCodeOf[signal]),
  );
  while (!stopped.signal.aborted) {
    const picture = await takePicture(questions, options.timeout);
    if (stopped.signal.aborted) break;
    if (screen.isTerminal) await screen.write(clearScreen);
    show(picture, issuesOf(picture), options, screen);
    if (options.json !== true) screen.say("");
    await setTimeout(intervalMs, undefined, { signal: stopped.signal }).catch(() => undefined);
  }
  return exitCode.done;
}

function show(
  picture: ClusterPicture,
  issues: readonly Issue[],
  { json }: StatusOptions,
  { say, style }: Screen,
): void {
  if (json === true) say(JSON.stringify(statusObject(picture, issues)));
  else if (picture.nodes.length === 0) say("No node answers at the moment.");
  else say(statusLines(picture, issues, style).join("\n"));
}

function noNodeAnswers(servers: readonly string[], prefix: string): SynodError {
  return new SynodError(
    "UNAVAILABLE",
    `the NATS server at ${servers.map(withoutPassword).join(", ")} answers, but no node behind it does, under the prefix ${prefix}`,
    {
      nextStep:
        "Start the nodes, or check that this is the right server and prefix, and that this user may ask synod.admin.get.>.",
    },
  );
}
