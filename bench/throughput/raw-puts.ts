/** Puts on raw subjects, each a message of its own, over a bare socket: what a client costs that is not ours. */
import { connect, type Socket } from "node:net";
import type { Putter } from "./load.ts";

const inbox = "_INBOX.bench";

interface Waiting {
  readonly askedMs: number;
  readonly answered: (code: string | undefined) => void;
}

export class RawPuts implements Putter {
  readonly #socket: Socket;
  /** By reply subject, the oldest first. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #sweep: NodeJS.Timeout;
  #pending: Buffer = Buffer.alloc(0);
  #asked = 0;
  /** Commands of this turn: they leave together. */
  #commands: (string | Uint8Array)[] = [];

  constructor(server: string, password: string, timeoutMs: number) {
    this.#sweep = setInterval(() => this.#giveUp(performance.now() - timeoutMs), 500);
    const { hostname, port } = new URL(server.includes("://") ? server : `nats://${server}`);
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on("data", (chunk) => this.#read(chunk));
    const options = { verbose: false, headers: true, user: "client", pass: password };
    this.#socket.write(`CONNECT ${JSON.stringify(options)}\r\nSUB ${inbox}.* 1\r\n`);
  }

  put(key: string, value: Uint8Array): Promise<string | undefined> {
    this.#asked += 1;
    const reply = `${inbox}.${this.#asked.toString(36)}`;
    this.#send(`PUB synod.kv.default.put.${key} ${reply} ${value.length}\r\n`, value, "\r\n");
    return new Promise((answered) => {
      this.#waiting.set(reply, { askedMs: performance.now(), answered });
    });
  }

  close(): void {
    clearInterval(this.#sweep);
    this.#socket.destroy();
  }

  #send(...parts: readonly (string | Uint8Array)[]): void {
    if (this.#commands.length === 0) setImmediate(() => this.#flush());
    this.#commands.push(...parts);
  }

  #flush(): void {
    const parts = this.#commands.map((part) => Buffer.from(part));
    this.#commands = [];
    this.#socket.write(Buffer.concat(parts));
  }

  #giveUp(askedBeforeMs: number): void {
    for (const [reply, { askedMs, answered }] of this.#waiting) {
      if (askedMs > askedBeforeMs) return;
      this.#waiting.delete(reply);
      answered("TIMEOUT");
    }
  }

  #read(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let at = 0;
    for (;;) {
      const lineEnd = this.#pending.indexOf("\r\n", at);
      if (lineEnd < 0) break;
      const words = this.#pending.toString("latin1", at, lineEnd).split(" ");
      const [verb = "", subject = ""] = words;
      if (verb === "PING") this.#send("PONG\r\n");
      if (verb === "-ERR") throw new Error(words.join(" "));
      at = lineEnd + 2;
      if (verb !== "MSG" && verb !== "HMSG") continue;
      const end = at + Number(words.at(-1)) + 2;
      if (end > this.#pending.length) {
        at = lineEnd - words.join(" ").length;
        break;
      }
      const isError = verb === "HMSG";
      const waiting = this.#waiting.get(subject);
      this.#waiting.delete(subject);
      waiting?.answered(isError ? codeOf(this.#pending.toString("latin1", at, end)) : undefined);
      at = end;
    }
    this.#pending = this.#pending.subarray(at);
  }
}

function codeOf(message: string): string {
  return /Nats-Service-Error: (\w+)/.exec(message)?.[1] ?? "no answer";
}
