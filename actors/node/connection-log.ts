/** What a node's log says of one connection to NATS: that it was lost and found, not every attempt in between. */
import type { TransportProblem } from "../../infra/transport/transport.ts";

export interface ConnectionLogOptions {
  readonly log: (what: string, details: Readonly<Record<string, unknown>>) => void;
  readonly node: string;
  readonly purpose: "peers" | "clients";
}

export class ConnectionLog {
  readonly #options: ConnectionLogOptions;
  /** Causes told since the connection last stood: attempts follow each other several times a second. */
  readonly #told = new Set<string>();

  constructor(options: ConnectionLogOptions) {
    this.#options = options;
  }

  noteProblem(problem: TransportProblem): void {
    const { log, purpose } = this.#options;
    const cause = problem.cause instanceof Error ? problem.cause.message : String(problem.cause);
    switch (problem.kind) {
      case "not connected":
        if (!this.#isNews(cause)) return;
        return log("not connected to NATS, and trying again until it is", {
          purpose,
          cause,
          ...(/authorization|authentication/i.test(cause) ? { next: this.#loginStep() } : {}),
        });
      case "permission refused":
        return this.#notePermission(problem.operation, problem.subject, cause);
      default:
        return log(`transport: ${problem.kind}`, { purpose, ...problem, cause });
    }
  }

  connected(): void {
    const { log, purpose } = this.#options;
    const wasMissed = this.#told.size > 0;
    this.#told.clear();
    if (wasMissed) log("connected to NATS", { purpose });
  }

  /** A node that logs in as somebody else hears and says nothing: it would seem to run, and take no part. */
  #notePermission(operation: string, subject: string, cause: string): void {
    const { log, purpose } = this.#options;
    const text = `${operation} ${subject}`;
    if (!this.#isNews(text)) return;
    const next = `${this.#loginStep()} Then check this user's permissions.`;
    const code = "BROKER_FAILED";
    log("the NATS server refuses a permission to this node", { purpose, code, text, cause, next });
  }

  #loginStep(): string {
    const { node } = this.#options;
    return `Log in as the NATS user ${node}, with SYNOD_NATS_PASSWORD_${node.toUpperCase()}, --password or --creds.`;
  }

  #isNews(text: string): boolean {
    const isNews = !this.#told.has(text);
    this.#told.add(text);
    return isNews;
  }
}
