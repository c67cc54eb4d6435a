/** Speaks to nodes byte by byte, as programs do that are not written by us, and as programs do that are broken. */
import { ReplyDecoder, type Reply } from "../../../infra/codec/reply-codec.ts";
import { NatsTransport } from "../../../infra/transport/nats-transport.ts";
import { waitUntil } from "../../support/wait-until.ts";

export interface RawAccess {
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: string;
}

export class RawClient {
  readonly transport: NatsTransport;
  readonly #decoder = new ReplyDecoder();
  #asked = 0;

  constructor(access: RawAccess) {
    this.transport = new NatsTransport({ ...access, name: "raw", onProblem: () => undefined });
  }

  connected(): Promise<void> {
    return waitUntil("the raw client connects", () => this.transport.connected);
  }

  /** Everything that was published has been taken by the broker. */
  flushed(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.transport.flush((failure) => (failure === undefined ? resolve() : reject(failure)));
    });
  }

  /** The first answer's bytes. */
  async request(subject: string, payload: Uint8Array): Promise<Buffer> {
    this.#asked += 1;
    const reply = `${this.transport.inboxPrefix}.${this.#asked}`;
    let answer: Buffer | undefined;
    const subscription = this.transport.subscribe(reply, (message) => {
      answer ??= Buffer.from(message.payload);
    });
    this.transport.publish(subject, payload, { reply });
    await waitUntil(`${subject} answers`, () => answer !== undefined);
    subscription.close();
    return answer ?? Buffer.alloc(0);
  }

  /** The first answer, as a client would read it. */
  async ask(subject: string, payload: Uint8Array): Promise<Reply> {
    const reply = this.#decoder.decode(await this.request(subject, payload));
    if (reply.kind === "malformed") throw new Error(`${subject} answered: ${reply.problem}`);
    return reply;
  }

  close(): Promise<void> {
    return this.transport.close();
  }
}
