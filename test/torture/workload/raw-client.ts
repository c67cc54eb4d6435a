/**
 * A program without a library: requests on raw subjects, which every node hears. Those with a message id it sends again
 * until it is answered; of the others it does not know what became of them.
 */
import { systemClock } from "../../../infra/clock/system-clock.ts";
import { identityOf } from "../../../infra/codec/raw/raw-identity.ts";
import { SynodError } from "../../../infra/errors/synod-error.ts";
import { NatsTransport } from "../../../infra/transport/nats-transport.ts";
import type { InboundMessage } from "../../../infra/transport/transport.ts";
import { operationKind } from "../../../kv/commands/operation.ts";
import type { Answer } from "../../../sim/workload/history.ts";
import { firstKeyOf } from "../../../sim/workload/raw-client.ts";
import { outcomeOf, rawRequestOf, type RawRequest } from "../../../sim/workload/raw-requests.ts";
import { Recorder, type ClientSetup, type Request } from "./recorder.ts";

const attemptsMax = 5;

/** One operation and its attempts. */
interface Asking {
  readonly operation: Request;
  readonly request: RawRequest;
  attemptsLeft: number;
  /** Attempts of which nothing was heard so far. */
  silent: number;
  ended: boolean;
  readonly succeed: (answer: Answer) => void;
  readonly fail: (failure: unknown) => void;
}

export class RawClient {
  readonly recorder: Recorder;
  readonly #setup: ClientSetup;
  readonly #transport: NatsTransport;
  /** By reply subject. */
  readonly #open = new Map<string, Asking>();
  #named = 0;
  #sent = 0;

  constructor(setup: ClientSetup) {
    const { name, servers } = setup;
    this.#setup = setup;
    this.#transport = new NatsTransport({ servers, name, onProblem: () => undefined });
    this.#transport.subscribe(`${this.#transport.inboxPrefix}.*`, (message) =>
      this.#answered(message),
    );
    this.recorder = new Recorder(setup, (operation) => this.#ask(operation));
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  #ask(operation: Request): Promise<Answer> | undefined {
    const request = rawRequestOf(operation);
    if (request === undefined) return undefined;
    const { name, randomness } = this.#setup;
    const isNamed = !isRead(operation) && randomness.chance(0.5);
    this.#named += 1;
    const headers = isNamed
      ? { ...request.headers, "Nats-Msg-Id": `${name}-${this.#named}` }
      : request.headers;
    return new Promise((succeed, fail) => {
      this.#send({
        operation,
        request: { ...request, headers },
        attemptsLeft: isNamed ? attemptsMax : 1,
        silent: 0,
        ended: false,
        succeed,
        fail,
      });
    });
  }

  #send(asking: Asking): void {
    const { prefix, timeoutMs, history } = this.#setup;
    const { subject, headers, body } = asking.request;
    asking.attemptsLeft -= 1;
    asking.silent += 1;
    this.#sent += 1;
    const reply = `${this.#transport.inboxPrefix}.${this.#sent}`;
    this.#open.set(reply, asking);
    const { identity } = identityOf(firstKeyOf(asking.operation), headers["Nats-Msg-Id"], reply);
    history.attempts.noteRequest(identity, asking.operation);
    const options = Object.keys(headers).length > 0 ? { reply, headers } : { reply };
    this.#transport.publish(`${prefix}.kv.default.${subject}`, body, options);
    systemClock.after(timeoutMs / attemptsMax, () => {
      // A late answer of an attempt is an answer all the same, as long as the operation is open.
      if (asking.ended) this.#open.delete(reply);
      else if (asking.attemptsLeft > 0) this.#send(asking);
      else this.#fail(asking, timeout(asking));
    });
  }

  #answered(message: InboundMessage): void {
    const asking = this.#open.get(message.subject);
    if (asking === undefined || asking.ended) return;
    try {
      const outcome = outcomeOf(asking.operation, message);
      this.#open.delete(message.subject);
      asking.silent -= 1;
      if (!(outcome instanceof SynodError)) {
        asking.ended = true;
        asking.succeed(outcome);
      } else if (isFinal(asking, outcome)) this.#fail(asking, outcome);
    } catch (failure) {
      this.#fail(asking, failure);
    }
  }

  #fail(asking: Asking, failure: unknown): void {
    if (asking.ended) return;
    asking.ended = true;
    asking.fail(failure);
  }
}

/** What is unknown of one attempt, another finds out; that one attempt was not executed says nothing about the others. */
function isFinal({ silent, attemptsLeft }: Asking, { code, outcome }: SynodError): boolean {
  if (outcome === "unknown") return silent === 0 && attemptsLeft === 0;
  return silent === 0 || code === "CONFLICT";
}

function timeout({ operation }: Asking): SynodError {
  return new SynodError("TIMEOUT", "nobody answered in time", {
    outcome: isRead(operation) ? "not executed" : "unknown",
  });
}

function isRead({ kind }: Request): boolean {
  return kind === operationKind.get || kind === operationKind.range;
}
