/** A NATS client on a bare socket, in the protocol's own text: what any program can do without a library of ours. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface BareMessage {
  readonly subject: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface BareRequest {
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of `headers`: the lines between `NATS/1.0` and the empty one, as they are. */
  readonly rawHeaders?: string;
  readonly body?: string | Uint8Array;
  readonly timeoutMs?: number;
  readonly reply?: string;
}

const resendMs = 1_500;

export class BareNats {
  readonly #socket: Socket;
  readonly #waiting = new Map<string, (message: BareMessage) => void>();
  readonly inbox: string;
  #pending: Buffer = Buffer.alloc(0);
  #asked = 0;
  /** `-ERR` lines. */
  readonly errors: string[] = [];

  constructor(socket: Socket, name: string) {
    this.#socket = socket;
    this.inbox = `_INBOX.${name}`;
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", () => undefined);
    socket.write('CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n');
    socket.write(`SUB ${this.inbox}.* 1\r\n`);
  }

  static async connect(url: string, name = `bare${process.pid}`): Promise<BareNats> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    return new BareNats(socket, name);
  }

  publish(subject: string, request: BareRequest = {}): void {
    const { headers, reply } = request;
    const body = Buffer.from(request.body ?? "");
    const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
    const own = request.rawHeaders ?? (lines.length > 0 ? lines.join("") : undefined);
    const to = reply === undefined ? subject : `${subject} ${reply}`;
    if (own === undefined) {
      this.#socket.write(`PUB ${to} ${body.length}\r\n`);
    } else {
      const head = Buffer.from(`NATS/1.0\r\n${own}\r\n`);
      this.#socket.write(`HPUB ${to} ${head.length} ${head.length + body.length}\r\n`);
      this.#socket.write(head);
    }
    this.#socket.write(body);
    this.#socket.write("\r\n");
  }

  subscribe(subject: string, take: (message: BareMessage) => void): void {
    const sid = `s${(this.#asked += 1)}`;
    this.#waiting.set(sid, take);
    this.#socket.write(`SUB ${subject} ${sid}\r\n`);
  }

  /**
   * The first answer; a failure after `timeoutMs` without one. Meanwhile it is said again, with the same reply subject:
   * while leaders change nobody answers, and the subject makes one request of all of them.
   */
  request(subject: string, request: BareRequest = {}): Promise<BareMessage> {
    const reply = request.reply ?? `${this.inbox}.${(this.#asked += 1)}`;
    return new Promise((resolve, reject) => {
      const { timeoutMs = 10_000 } = request;
      const again = setInterval(() => this.publish(subject, { ...request, reply }), resendMs);
      const timer = setTimeout(() => {
        clearInterval(again);
        this.#waiting.delete(reply);
        reject(new Error(`${subject} was not answered within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(reply, (message) => {
        clearTimeout(timer);
        clearInterval(again);
        this.#waiting.delete(reply);
        resolve(message);
      });
      this.publish(subject, { ...request, reply });
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#readOne());
  }

  #readOne(): boolean {
    const lineEnd = this.#pending.indexOf("\r\n");
    if (lineEnd < 0) return false;
    const line = this.#pending.toString("latin1", 0, lineEnd);
    const [verb = "", ...words] = line.split(" ");
    if (verb !== "MSG" && verb !== "HMSG") {
      this.#pending = this.#pending.subarray(lineEnd + 2);
      if (verb === "PING") this.#socket.write("PONG\r\n");
      if (verb === "-ERR") this.errors.push(line);
      return true;
    }
    const total = Number(words.at(-1));
    const head = verb === "HMSG" ? Number(words.at(-2)) : 0;
    const start = lineEnd + 2;
    if (this.#pending.length < start + total + 2) return false;
    const [subject = "", sid = ""] = words;
    const headers = headersOf(this.#pending.toString("utf8", start, start + head));
    const body = Buffer.from(this.#pending.subarray(start + head, start + total));
    this.#pending = this.#pending.subarray(start + total + 2);
    (this.#waiting.get(subject) ?? this.#waiting.get(sid))?.({ subject, headers, body });
    return true;
  }
}

function headersOf(text: string): Map<string, string> {
  const [status = "", ...lines] = text.split("\r\n");
  const headers = new Map<string, string>();
  const [, code] = status.split(" ");
  if (code !== undefined) headers.set("Status", code);
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
}
