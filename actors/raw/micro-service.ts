/**
 * Answers the discovery questions of NATS micro services (ADR-32 of the NATS architecture), so that `nats micro` lists
 * the nodes of a cluster and what they have been asked.
 */
import { isInboxSubject } from "../../infra/transport/subject.ts";
import type { InboundMessage, Transport } from "../../infra/transport/transport.ts";
import type { Endpoint } from "./endpoint.ts";

export interface MicroServiceOptions {
  readonly transport: Transport;
  readonly version: string;
  /** Tells the starts of nodes apart. */
  readonly id: string;
  readonly node: string;
  readonly cluster: string;
  /** RFC 3339. */
  readonly started: string;
  readonly endpoints: readonly Endpoint[];
  readonly deliver: (reply: string, bytes: Uint8Array) => void;
}

const serviceName = "synod";
const description = "Replicated, strongly consistent key-value store";
/** A service has a version of that form, or tools leave it out. */
const versionForm = /^\d+\.\d+\.\d+/;
const nanosecondsPerMs = 1e6;

export class MicroService {
  readonly #options: MicroServiceOptions;

  constructor(options: MicroServiceOptions) {
    this.#options = options;
  }

  listen(): void {
    this.#on("PING", () => ({}));
    this.#on("INFO", () => ({ description, endpoints: this.#endpoints() }));
    this.#on("STATS", () => ({ started: this.#options.started, endpoints: this.#statistics() }));
  }

  #on(verb: string, answer: () => object): void {
    const { transport, id } = this.#options;
    const type = `io.nats.micro.v1.${verb.toLowerCase()}_response`;
    for (const tail of ["", `.${serviceName}`, `.${serviceName}.${id}`]) {
      transport.subscribe(`$SRV.${verb}${tail}`, (message) =>
        this.#answer(message, { type, ...this.#identity(), ...answer() }),
      );
    }
  }

  #answer({ reply }: InboundMessage, answer: object): void {
    if (reply === undefined || !isInboxSubject(reply)) return;
    this.#options.deliver(reply, Buffer.from(JSON.stringify(answer)));
  }

  #identity(): object {
    const { id, version, node, cluster } = this.#options;
    return {
      name: serviceName,
      id,
      version: versionForm.test(version) ? version : "0.0.0",
      metadata: { node, cluster },
    };
  }

  #endpoints(): object[] {
    return this.#options.endpoints.map(({ name, subject }) => ({
      name,
      subject,
      queue_group: "",
      metadata: {},
    }));
  }

  #statistics(): object[] {
    return this.#options.endpoints.map((endpoint) => {
      const { name, subject, requests, errors, lastError, processingMs } = endpoint;
      const nanoseconds = Math.round(processingMs * nanosecondsPerMs);
      return {
        name,
        subject,
        queue_group: "",
        num_requests: requests,
        num_errors: errors,
        last_error: lastError,
        processing_time: nanoseconds,
        average_processing_time: requests === 0 ? 0 : Math.floor(nanoseconds / requests),
      };
    });
  }
}
