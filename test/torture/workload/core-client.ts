/** The library's client as it is beneath its promises: what it tells says where in the log an answer was decided. */
import { ClientCore } from "../../../client/core/client-core.ts";
import type { Completion } from "../../../client/core/call.ts";
import type { Freshness } from "../../../client/core/freshness.ts";
import type { ReadRequest, WriteRequest } from "../../../infra/codec/request-encoder.ts";
import { systemClock } from "../../../infra/clock/system-clock.ts";
import { systemRandomness } from "../../../infra/randomness/system-randomness.ts";
import { NatsTransport } from "../../../infra/transport/nats-transport.ts";
import type { Answer } from "../../../sim/workload/history.ts";
import { copyOf } from "../../../sim/workload/simulated-client.ts";
import { Recorder, type ClientSetup, type Request } from "./recorder.ts";

export class CoreClient {
  readonly recorder: Recorder;
  readonly #transport: NatsTransport;
  readonly #core: ClientCore;
  readonly #timeoutMs: number;

  constructor(setup: ClientSetup) {
    const { name, servers, prefix, timeoutMs, history } = setup;
    this.#timeoutMs = timeoutMs;
    this.#transport = new NatsTransport({ servers, name, onProblem: () => undefined });
    this.#core = new ClientCore({
      transport: this.#transport,
      clock: systemClock,
      randomness: systemRandomness,
      prefix,
      framed: (frame, operations) => history.attempts.noteFrame(frame, operations),
    });
    this.recorder = new Recorder(setup, (operation, freshness) => this.#ask(operation, freshness));
  }

  async close(): Promise<void> {
    this.#core.close();
    await this.#transport.close();
  }

  #ask(operation: Request, freshness: Freshness | undefined): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const completion: Completion = {
        succeeded: (result, { group, slot, index, lastRevision, asOf }, rest) =>
          resolve({
            result: copyOf(result),
            place: { group, slot, index, lastRevision, asOf },
            rest,
          }),
        failed: reject,
      };
      if (freshness === undefined) {
        this.#core.write(operation as WriteRequest, this.#timeoutMs, completion);
      } else {
        this.#core.read(operation as ReadRequest, freshness, this.#timeoutMs, completion);
      }
    });
  }
}
