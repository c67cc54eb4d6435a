/** docs/machines.md: every machine with its picture, its states and its transitions. */
import { readFileSync } from "node:fs";
import { format } from "prettier";
import { allStates, chartOf, type ChartState, type ChartTransition } from "./chart.ts";

export interface MachineOnPage {
  readonly id: string;
  readonly config: object;
}

const head = `# The machines

<!-- Written by \`npm run docs:machines\`: change the machines, not this page. -->

Every role is a state chart: one file, one literal \`setup(…).createMachine(…)\`. A chart opens in an editor as it is, and
\`npx synod inspect --export DIR\` writes files that do so without the rest of Synod;
[\`npx synod inspect\`](inspect.md) shows the charts of a running cluster at work.

How to read the pictures: a box is a state, with what it does on entry and the events that it handles without being
left; an arrow is everything that leads from one state to another. A \`[guard]\` has to hold; one without an event is tried
after every event. The tables below the pictures have all transitions in the order in which they are tried. The bodies of
guards and actions stand in \`<role>-rules.ts\` beside the chart.
`;

export async function machinesPage(
  machines: readonly MachineOnPage[],
  folder: string,
): Promise<string> {
  const parts = machines.map((machine) => machinePart(machine, folder));
  return format([head, ...parts].join("\n"), { parser: "markdown", printWidth: 100 });
}

function machinePart({ id, config }: MachineOnPage, folder: string): string {
  const chart = chartOf(config);
  const source = `machines/${id}/${id}.ts`;
  const states = allStates(chart.states);
  const rows = [
    ...chart.everywhere.map((transition) => transitionRow("any", transition)),
    ...states.flatMap(({ name, transitions }) =>
      transitions.map((transition) => transitionRow(name, transition)),
    ),
  ];
  return `
## ${id}

${introduction(`${folder}/${source}`)} Source: [${source}](../${source}).

![State chart of ${id}](images/machines/${id}.svg)

| state | what it means | on entry |
| --- | --- | --- |
${states.map(stateRow).join("\n")}

<details>
<summary>All transitions of ${id}</summary>

| in | event | guard | does | goes to |
| --- | --- | --- | --- | --- |
${rows.join("\n")}

</details>
`;
}

function stateRow({ name, description, initial, final, entry }: ChartState): string {
  const mark = initial ? " (initial)" : final ? " (final)" : "";
  return `| **${name}**${mark} | ${description ?? ""} | ${codes(entry)} |`;
}

function transitionRow(from: string, transition: ChartTransition): string {
  const { event, guard, otherwise, actions, target } = transition;
  const condition = guard === undefined ? (otherwise ? "otherwise" : "") : code(guard);
  return `| ${from} | ${event === undefined ? "" : code(event)} | ${condition} | ${codes(actions)} | ${target ?? ""} |`;
}

function code(name: string): string {
  return `\`${name}\``;
}

function codes(names: readonly string[]): string {
  return names.map(code).join(", ");
}

/** The chart's file begins with what the role is for. */
function introduction(path: string): string {
  const [, comment = ""] = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(path, "utf8")) ?? [];
  return comment.replace(/\n \* ?/g, "\n").trim();
}
