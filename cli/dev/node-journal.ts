/** Follows what one node writes: all of it goes to its log file, and what its user has to know is passed on. */
import type { OutputStream } from "../../infra/processes/guarded-child.ts";

export interface NodeJournalOptions {
  /** Appends a line to the node's log file. */
  readonly append: (line: string) => void;
  /** Something is wrong that the node will not put right by itself. */
  readonly trouble: (text: string) => void;
  readonly serving: () => void;
}

/** A failure that ends a start is a few lines long. */
const lastWordsMax = 12;

export class NodeJournal {
  readonly #options: NodeJournalOptions;
  #lastWords: string[] = [];

  constructor(options: NodeJournalOptions) {
    this.#options = options;
  }

  /** What the process said on standard error since it was started. */
  get lastWords(): readonly string[] {
    return this.#lastWords;
  }

  restarted(): void {
    this.#lastWords = [];
  }

  take(line: string, stream: OutputStream): void {
    this.#options.append(line);
    if (stream === "stderr") {
      this.#lastWords.push(line);
      if (this.#lastWords.length > lastWordsMax) this.#lastWords.shift();
      return;
    }
    const entry = parse(line);
    if (entry?.msg === "serving") this.#options.serving();
    // Only what a node has an error code for is for people; everything else is for whoever reads the log.
    if (typeof entry?.code === "string") this.#options.trouble(troubleText(entry));
  }
}

interface LogEntry {
  readonly msg?: unknown;
  readonly code?: unknown;
  readonly text?: unknown;
  readonly group?: unknown;
}

function troubleText({ msg, code, text, group }: LogEntry): string {
  const where = typeof group === "string" ? ` (group ${group})` : "";
  const why = typeof text === "string" ? `: ${text}` : "";
  return `${String(msg)}${where}${why} (${String(code)})`;
}

function parse(line: string): LogEntry | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === "object" && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}
