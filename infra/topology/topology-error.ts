/** Everything that is wrong with a topology file, the way a compiler tells it. */
import { SynodError } from "../errors/synod-error.ts";

export interface TopologyProblem {
  /** From 1; 0 when the problem is the file as a whole. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly fix: string;
}

/** A file that is no topology at all could otherwise fill the screen many times over. */
const shownMax = 50;

/** `problems` are in the order of the file, all of them; the message shows the first 50. */
export class TopologyError extends SynodError {
  override readonly name = "TopologyError";
  readonly problems: readonly TopologyProblem[];

  constructor(fileName: string, problems: readonly TopologyProblem[], cause?: unknown) {
    const ordered = problems.toSorted(
      (left, right) => left.line - right.line || left.column - right.column,
    );
    super("TOPOLOGY_INVALID", messageFor(fileName, ordered), { cause });
    this.problems = ordered;
  }
}

function messageFor(fileName: string, problems: readonly TopologyProblem[]): string {
  const shown = problems.slice(0, shownMax).flatMap(({ line, column, message, fix }) => {
    const place = line === 0 ? fileName : `${fileName}:${line}:${column}`;
    return [`${place} ${message}`, `    fix: ${fix}`];
  });
  const hidden = problems.length - shownMax;
  return [...shown, ...(hidden > 0 ? [`... and ${hidden} more problems`] : [])].join("\n");
}
