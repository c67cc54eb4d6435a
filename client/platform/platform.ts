/** What the client takes from where it runs: Node, or a browser. */
import type { Clock } from "../../infra/clock/clock.ts";
import type { Randomness } from "../../infra/randomness/randomness.ts";
import type { ReportProblem, Transport } from "../../infra/transport/transport.ts";

export interface TransportSettings {
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: string;
  readonly credentialsFile?: string;
  readonly name: string;
  readonly connectTimeoutMs: number;
  readonly onProblem: ReportProblem;
}

export interface Platform {
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Where a NATS server is looked for by whoever names none. */
  readonly usualServer: string;
  /** Throws when the settings cannot be used at all. */
  openTransport(settings: TransportSettings): Transport;
}
