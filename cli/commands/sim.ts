/** `synod sim`: whole clusters of this version under faults, in this process. */
import type { Command } from "commander";
import { addSimulation } from "../../sim/command/sim-options.ts";
import type { Screen } from "../output/screen.ts";

const examples = `
Examples:
  synod sim --seeds 50 --jobs 4
  synod sim --minutes 10 --nodes 5 --json seeds.json
  synod sim --seed 7 --trace messages          what happened in one of them
  synod sim --shrink 7 --out found             the smallest run that fails alike, as a picture`;

export function addSim(program: Command, screen: Screen): void {
  addSimulation(program.command("sim"), {
    invocation: "synod sim",
    print: (line) => screen.say(line),
  }).addHelpText("after", examples);
}
