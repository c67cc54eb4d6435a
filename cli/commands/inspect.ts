/** `synod inspect`: the charts of a running cluster, live, in a browser. */
import { join } from "node:path";
import type { Command } from "commander";
import { portNumber } from "../arguments.ts";
import { addConnectionOptions, connectionHelp } from "../connection/connection-options.ts";
import type { ConnectionFlags } from "../connection/where-to-connect.ts";
import type { Screen } from "../output/screen.ts";

export interface InspectOptions extends ConnectionFlags {
  readonly port: number;
  readonly open?: boolean;
  readonly export?: string;
}

const help = `
Serves pages on this machine only, until Ctrl-C. One works without the internet; /stately shows the same in Stately's
inspector, which is loaded from stately.ai. Nodes tell what their actors do only while somebody looks, and nothing of
what users stored: counts and sizes in place of keys and values.

With --export no cluster is needed: for every machine DIR gets <machine>.ts, which opens in Stately's editor as it is,
<machine>.json, its definition, and <machine>.svg, its picture.

Examples:
  synod inspect
  synod inspect --open
  synod inspect --port 4300 --servers nats://10.0.0.5:4222
  synod inspect --export charts`;

export function addInspect(program: Command, screen: Screen): void {
  addConnectionOptions(
    program
      .command("inspect")
      .description("watch the state charts of a running cluster in a browser"),
  )
    .option("--port <number>", "where the pages are served, on 127.0.0.1", portNumber, 4280)
    .option("--open", "open the page in the browser")
    .option("--export <dir>", "write every machine as files for an editor, and end")
    .addHelpText("after", help)
    .addHelpText("after", connectionHelp)
    .action(async (options: InspectOptions) => {
      if (options.export !== undefined) return exportTo(options.export, screen);
      // Loaded only here, so that other commands start faster.
      const { runInspection } = await import("../inspect/run-inspection.ts");
      await runInspection(options, screen);
    });
}

async function exportTo(directory: string, screen: Screen): Promise<void> {
  const { exportMachines } = await import("../machines/export-machines.ts");
  for (const name of await exportMachines(directory)) screen.say(join(directory, name));
}
