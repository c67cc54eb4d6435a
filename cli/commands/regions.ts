/** `synod regions`: which group serves which keys. */
import type { Command } from "commander";
import { Inbox } from "../../client/core/inbox.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { RoutingTable } from "../../machines/region-manager/routing.ts";
import { timeoutOption } from "../arguments.ts";
import { ClusterQuestions } from "../cluster/cluster-questions.ts";
import { regionLines, regionsObject } from "../cluster/region-report.ts";
import { addConnectionOptions, connectionHelp } from "../connection/connection-options.ts";
import { openTransport } from "../connection/open-transport.ts";
import {
  whereToConnect,
  type ConnectionFlags,
  type Place,
} from "../connection/where-to-connect.ts";
import type { Screen } from "../output/screen.ts";

interface RegionsOptions extends ConnectionFlags {
  readonly json?: boolean;
  readonly timeout: number;
}

const help = `
Examples:
  synod regions
  synod regions --json`;

export function addRegions(program: Command, screen: Screen): void {
  addConnectionOptions(program.command("regions").description("show which group serves which keys"))
    .option("--json", "print one JSON object")
    .addOption(timeoutOption("how long to wait for an answer", "5s"))
    .addHelpText("after", help)
    .addHelpText("after", connectionHelp)
    .action((options: RegionsOptions) => regions(options, screen));
}

async function regions(options: RegionsOptions, screen: Screen): Promise<void> {
  const { json = false, timeout } = options;
  const table = await tableOf(whereToConnect(options, process.env, process.cwd()), timeout);
  if (json) screen.say(JSON.stringify(regionsObject(table)));
  else screen.say(regionLines(table.regions, table.groups, screen.style).join("\n"));
}

async function tableOf(place: Place, timeoutMs: number): Promise<RoutingTable> {
  const { prefix } = place;
  const transport = await openTransport(place);
  try {
    const inbox = new Inbox(transport);
    const questions = new ClusterQuestions({ transport, inbox, clock: systemClock, prefix });
    const table = await questions.regions(timeoutMs);
    if (table !== undefined) return table;
    throw new SynodError("UNAVAILABLE", "no node answers for the table of regions", {
      nextStep: "Look at `synod status`: it takes a leader of group meta to answer.",
    });
  } finally {
    await transport.close();
  }
}
