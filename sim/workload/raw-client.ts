/**
 * A client that speaks raw subjects. Its requests reach every node, some late; those with a message id it sends again
 * until it is answered, and of the others it does not know what became of them.
 */
import { identityOf } from "../../infra/codec/raw/raw-identity.ts";
import { firstKeyOf as firstKeyOfTransaction } from "../../infra/codec/raw/raw-transaction.ts";
import type { ReadRequest, WriteRequest } from "../../infra/codec/request-encoder.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import type { InboundMessage, Transport } from "../../infra/transport/transport.ts";
import { absent, operationKind } from "../../kv/commands/operation.ts";
import type { Revision } from "../../kv/revision.ts";
import { Violation } from "../violation.ts";
import type { Recorded, Told } from "./history.ts";
import { Operations } from "./operations.ts";
import { outcomeOf, rawRequestOf, type RawRequest } from "./raw-requests.ts";
import type { SimulatedClientOptions } from "./simulated-client.ts";

/** One operation and its attempts. */
interface Asking {
  readonly operation: WriteRequest | ReadRequest;
  readonly request: RawRequest;
  readonly recorded: Recorded;
  /** Attempts after the first. */
  retriesLeft: number;
  ended: boolean;
  readonly goOn: () => void;
}

const retriesMax = 4;
const attemptMs = 800;

export class RawSimulatedClient {
  readonly #options: SimulatedClientOptions;
  readonly #transport: Transport;
  readonly #randomness: SeededRandomness;
  readonly #revisions = new Map<string, Revision>();
  readonly #operations: Operations;
  readonly #open = new Map<string, (message: InboundMessage) => void>();
  #sent = 0;
  #named = 0;
  #stopping = false;

  constructor(options: SimulatedClientOptions) {
    const { process, network, randomness, name, keys } = options;
    this.#options = options;
    this.#randomness = randomness.split("requests");
    this.#transport = network.connect(process, {
      onProblem: (problem) => {
        if (problem.kind === "handler failed") throw problem.cause;
      },
    });
    this.#transport.subscribe(`${this.#transport.inboxPrefix}.*`, (message) =>
      this.#open.get(message.subject)?.(message),
    );
    this.#operations = new Operations(name, keys, randomness.split("operations"), this.#revisions);
  }

  start(): void {
    for (let lane = 0; lane < this.#options.concurrency; lane++) this.#next();
  }

  /** Nothing new is asked; what is open still ends. */
  stop(): void {
    this.#stopping = true;
  }

  /** Asks without waiting, once: with a message id it may be asked again. */
  ask(
    operation: WriteRequest | ReadRequest,
    messageId: string | undefined,
    retries = 0,
    goOn: () => void = () => undefined,
  ): Recorded {
    const request = rawRequestOf(operation);
    if (request === undefined) throw new Error("there is no such raw request");
    const { history, name, process } = this.#options;
    const { world } = process.machine;
    const begun = { client: name, operation, stale: false, invokedMs: world.nowMs };
    const headers =
      messageId === undefined ? request.headers : { ...request.headers, "Nats-Msg-Id": messageId };
    const asking: Asking = {
      operation,
      request: { ...request, headers },
      recorded: history.begin(begun),
      retriesLeft: retries,
      ended: false,
      goOn,
    };
    this.#send(asking);
    return asking.recorded;
  }

  #next(): void {
    const { process, randomness, thinkMs } = this.#options;
    if (this.#stopping || !process.alive) return;
    process.clock.after(randomness.fraction() * 2 * thinkMs, () => {
      if (!this.#stopping) this.#askDrawn();
    });
  }

  #askDrawn(): void {
    const { operation } = this.#operations.next();
    if (rawRequestOf(operation) === undefined) return this.#next();
    const writes = operation.kind !== operationKind.get && operation.kind !== operationKind.range;
    if (!writes || this.#randomness.chance(0.5)) {
      this.ask(operation, undefined, 0, () => this.#next());
    } else {
      this.#named += 1;
      this.ask(operation, `${this.#options.name}-${this.#named}`, retriesMax, () => this.#next());
    }
  }

  #send(asking: Asking): void {
    const { prefix, process } = this.#options;
    const { subject, headers, body } = asking.request;
    this.#sent += 1;
    const reply = `${this.#transport.inboxPrefix}.${this.#sent}`;
    this.#open.set(reply, (message) => this.#answered(asking, message));
    const { identity } = identityOf(firstKeyOf(asking.operation), headers["Nats-Msg-Id"], reply);
    this.#options.history.attempts.noteRequest(identity, asking.operation);
    const options = Object.keys(headers).length > 0 ? { reply, headers } : { reply };
    this.#transport.publish(`${prefix}.kv.default.${subject}`, body, options);
    process.clock.after(attemptMs, () => this.#again(asking, timeout(asking)));
  }

  #answered(asking: Asking, message: InboundMessage): void {
    const outcome = outcomeOf(asking.operation, message);
    if (!(outcome instanceof SynodError)) {
      this.#noteRevision(asking.operation, outcome.result);
      return this.#end(asking, outcome);
    }
    if (outcome.code === "REQUEST_ID_REUSED") {
      throw new Violation("a message id names one request", asking.request.subject);
    }
    // What is unknown of one attempt, the next one finds out.
    if (outcome.outcome === "unknown" && asking.retriesLeft > 0) return;
    this.#end(asking, outcome);
  }

  #again(asking: Asking, failure: SynodError): void {
    if (asking.ended) return;
    if (asking.retriesLeft === 0) return this.#end(asking, failure);
    asking.retriesLeft -= 1;
    this.#send(asking);
  }

  #end(asking: Asking, answer: Told["answer"]): void {
    if (asking.ended) return;
    asking.ended = true;
    const { history, process } = this.#options;
    history.end(asking.recorded, { atMs: process.machine.world.nowMs, answer });
    asking.goOn();
  }

  #noteRevision(operation: WriteRequest | ReadRequest, result: unknown): void {
    if (operation.kind === operationKind.put && typeof result === "number") {
      this.#revisions.set(operation.key, result);
    } else if (operation.kind === operationKind.delete) {
      this.#revisions.set(operation.key, absent);
    }
  }
}

/** What the request is sent under, beside its message id. */
export function firstKeyOf(operation: WriteRequest | ReadRequest): string {
  if (operation.kind === operationKind.transaction) return firstKeyOfTransaction(operation);
  return "key" in operation ? operation.key : operation.start;
}

function timeout({ operation }: Asking): SynodError {
  const reads = operation.kind === operationKind.get || operation.kind === operationKind.range;
  return new SynodError("TIMEOUT", "nobody answered in time", {
    outcome: reads ? "not executed" : "unknown",
  });
}
