/** `synod doctor`: measures what a cluster stands on, and says what is wrong and what to do. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { Inbox } from "../../client/core/inbox.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { loadTopology } from "../../infra/topology/load-topology.ts";
import type { Transport, TransportProblem } from "../../infra/transport/transport.ts";
import { timeoutOption } from "../arguments.ts";
import { ClusterQuestions } from "../cluster/cluster-questions.ts";
import { takePicture } from "../cluster/take-picture.ts";
import { addConnectionOptions, connectionHelp } from "../connection/connection-options.ts";
import { openTransport } from "../connection/open-transport.ts";
import {
  usualAddress,
  whereToConnect,
  type ConnectionFlags,
  type Place,
} from "../connection/where-to-connect.ts";
import { findDevNote } from "../dev/dev-note.ts";
import { findingLines, findingsObject } from "../doctor/doctor-report.ts";
import {
  examineConnection,
  examineGreetings,
  examinePermissions,
} from "../doctor/examine-broker.ts";
import { examineNodes, examineTopology, sampleNodes } from "../doctor/examine-cluster.ts";
import { examineMachine } from "../doctor/examine-machine.ts";
import { finding, type Finding } from "../doctor/finding.ts";
import { exitCode } from "../output/exit-codes.ts";
import type { Screen } from "../output/screen.ts";

interface DoctorFlags extends ConnectionFlags {
  readonly data?: string;
  readonly file?: string;
  readonly local?: boolean;
  readonly json?: boolean;
  readonly timeout: number;
}

const help = `
Looks at this machine (flushes to the data directory, free disk, open files), at the NATS server (version, round
trip, max_payload, what this user may do) and at the cluster (who answers and how fast, clocks, event loops,
flushes, lag, what nodes complain about), as far as each can be reached. Nothing is changed but a temporary file in
the data directory. Before there is a cluster it looks at the machine only.

ok     as it should be
warn   works, and will hurt under load or after an accident
fail   does not work; the exit code is 1

Examples:
  synod doctor
  synod doctor --data /var/lib/synod/n1 --servers nats://10.0.0.5:4222
  synod doctor -f topology.yaml        and whether the cluster is what the file says
  synod doctor --local                 before anything runs
  synod doctor --json | jq '.findings[] | select(.level != "ok")'`;

export function addDoctor(program: Command, screen: Screen): void {
  const command = program
    .command("doctor")
    .description("measure disk, NATS server and nodes, and say what is wrong")
    .option("--data <directory>", "a node's data directory (default: that of `dev`, or .synod)")
    .option("-f, --file <path>", "topology file to compare with what runs")
    .option("--local", "this machine only")
    .option("--json", "print one JSON object")
    .addOption(timeoutOption("how long nodes may take to answer", "1s"));
  addConnectionOptions(command)
    .addHelpText("after", help)
    .addHelpText("after", connectionHelp)
    .action(async (flags: DoctorFlags) => {
      process.exitCode = await doctor(flags, screen);
    });
}

/** Resolves with the exit code. */
async function doctor(flags: DoctorFlags, screen: Screen): Promise<number> {
  // What is wrong with the file is told before anything is measured.
  if (flags.file !== undefined) loadTopology(flags.file);
  const directory = flags.data ?? findDevNote(process.cwd())?.directory ?? ".synod";
  const findings = examineMachine(directory);
  if (flags.local !== true) {
    const place = whereToConnect(flags, process.env, process.cwd());
    findings.push(...(await examineRest(place, flags)));
  }
  if (flags.json === true) screen.say(JSON.stringify(findingsObject(findings)));
  else screen.say(findingLines(findings, screen.style).join("\n"));
  const isHealthy = findings.every(({ level }) => level !== "fail");
  return isHealthy ? exitCode.done : exitCode.failed;
}

async function examineRest(place: Place, flags: DoctorFlags): Promise<Finding[]> {
  const greetings = await examineGreetings(place.access.servers);
  const nobodyThere = greetings.every(({ level }) => level === "fail");
  if (nobodyThere && place.origin === usualAddress) return [noCluster()];
  if (nobodyThere) return [...greetings, unreachable(place)];
  const problems: TransportProblem[] = [];
  let transport: Transport;
  try {
    transport = await openTransport(place, (problem) => problems.push(problem));
  } catch (failure) {
    return [...greetings, refused(place, failure)];
  }
  try {
    return [
      ...greetings,
      ...(await examineConnection(transport)),
      ...(await examinePermissions(transport, place.prefix, problems)),
      ...(await examineCluster(transport, place, flags)),
    ];
  } finally {
    await transport.close();
  }
}

async function examineCluster(
  transport: Transport,
  { prefix }: Place,
  { timeout, file }: DoctorFlags,
): Promise<Finding[]> {
  const inbox = new Inbox(transport);
  const questions = new ClusterQuestions({ transport, inbox, clock: systemClock, prefix });
  const picture = await takePicture(questions, timeout);
  const answering = picture.nodes.filter(({ word }) => word !== undefined).length;
  if (answering === 0) return [nobodyAnswers(prefix)];
  const samples = await sampleNodes(transport, inbox, prefix, answering);
  const findings = examineNodes(picture, samples);
  if (file === undefined) return findings;
  return [...findings, examineTopology(file, loadTopology(file), picture)];
}

function noCluster(): Finding {
  const found = "none is named, and none runs here";
  const about = { area: "cluster", check: "cluster", found } as const;
  const step = "Start one with `synod dev`, or name its NATS server with --servers.";
  const hint = existsSync("topology.yaml") ? " For the nodes of topology.yaml: `synod start`." : "";
  return finding(about, "unknown", "only this machine was examined", step + hint);
}

function unreachable({ origin }: Place): Finding {
  const about = { area: "cluster", check: "cluster", found: "not reached" } as const;
  const problem = `no NATS server (${origin}) can be reached: nothing is known about the nodes`;
  return finding(about, "unknown", problem, "Start the NATS server, then run this again.");
}

function refused({ origin }: Place, failure: unknown): Finding {
  const why = failure instanceof Error ? failure.message : String(failure);
  const about = { area: "nats-server", check: "login", found: why } as const;
  const problem = `no connection is made (${origin}): nothing is known about the nodes`;
  return finding(
    about,
    "fail",
    problem,
    "Say who you are: --user and --password, --creds, --context.",
  );
}

function nobodyAnswers(prefix: string): Finding {
  const about = { area: "cluster", check: "nodes", found: "none answers" } as const;
  const problem = `no node runs behind this server under the prefix ${prefix}, or this user may not ask`;
  return finding(
    about,
    "fail",
    problem,
    "Start the nodes, or name the prefix with --subject-prefix.",
  );
}
