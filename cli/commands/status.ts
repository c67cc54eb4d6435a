/** `synod status`: how a cluster is, asked of every node, so that it works without a quorum as well. */
import type { Command } from "commander";
import { Inbox } from "../../client/core/inbox.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { timeoutOption } from "../arguments.ts";
import type { ClusterPicture } from "../cluster/cluster-picture.ts";
import { ClusterQuestions } from "../cluster/cluster-questions.ts";
import { issuesOf } from "../cluster/issues.ts";
import { statusLines, statusObject } from "../cluster/status-report.ts";
import { takePicture } from "../cluster/take-picture.ts";
import { addConnectionOptions, connectionHelp } from "../connection/connection-options.ts";
import { withoutPassword } from "../connection/not-connected.ts";
import { openTransport } from "../connection/open-transport.ts";
import {
  whereToConnect,
  type ConnectionFlags,
  type Place,
} from "../connection/where-to-connect.ts";
import { exitCode } from "../output/exit-codes.ts";
import type { Screen } from "../output/screen.ts";

interface StatusOptions extends ConnectionFlags {
  readonly json?: boolean;
  readonly check?: boolean;
  /** Nodes that have not answered by then are taken for silent. */
  readonly timeout: number;
}

const help = `
Every node is asked, so it works without a quorum as well. LAG counts entries that are chosen and not applied yet;
checkpoints and trims are counted since the node started.

Examples:
  synod status
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
    .addOption(timeoutOption("how long nodes may take to answer", "1s"))
    .addHelpText("after", help)
    .addHelpText("after", connectionHelp)
    .action(async (options: StatusOptions) => {
      process.exitCode = await status(options, screen);
    });
}

/** Resolves with the exit code. */
async function status(options: StatusOptions, screen: Screen): Promise<number> {
  const place = whereToConnect(options, process.env, process.cwd());
  const picture = await pictureOf(place, options.timeout);
  const issues = issuesOf(picture);
  if (options.json === true) screen.say(JSON.stringify(statusObject(picture, issues)));
  else screen.say(statusLines(picture, issues, screen.style).join("\n"));
  return options.check === true && issues.length > 0 ? exitCode.failed : exitCode.done;
}

async function pictureOf(place: Place, timeoutMs: number): Promise<ClusterPicture> {
  const { prefix, access } = place;
  const transport = await openTransport(place);
  try {
    const inbox = new Inbox(transport);
    const questions = new ClusterQuestions({ transport, inbox, clock: systemClock, prefix });
    const picture = await takePicture(questions, timeoutMs);
    if (picture.nodes.length > 0) return picture;
    throw noNodeAnswers(access.servers, prefix);
  } finally {
    await transport.close();
  }
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
