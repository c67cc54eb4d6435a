/** Plays a scenario: one command a line, what it came to below `----`. */
import type { Trace } from "../../machines/support/trace.ts";
import { Scene } from "./scene.ts";
import { verbs } from "./verbs/verbs.ts";

/** The same scenario with what really came of its commands. */
export async function play(trace: Trace): Promise<Trace> {
  const settings = trace.setup.split(/\s+/).slice(1);
  const scene = new Scene(new Map(settings.map((word) => word.split("=") as [string, string])));
  const steps: Trace["steps"][number][] = [];
  for (const { commands } of trace.steps) {
    const expected: string[] = [];
    for (const command of commands) expected.push(...(await run(scene, command)));
    steps.push({ commands, expected });
  }
  scene.end();
  return { ...trace, steps };
}

async function run(scene: Scene, command: string): Promise<string[]> {
  const [name = "", ...words] = command.split(/\s+/);
  const verb = verbs[name];
  if (verb === undefined) throw new Error(`no verb is called ${name}`);
  const said = await verb(scene, words);
  // Thrown inside a node it may have come out as that node's failure.
  if (scene.cluster.violation !== undefined) throw scene.cluster.violation;
  return typeof said === "string" && said !== "" ? said.split("\n") : [];
}
