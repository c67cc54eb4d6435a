/**
 * Notes when a process reads from its sockets, writes to them and writes to its disk. Loaded in front of the program, with
 * `--import`, so that the program itself knows nothing of it; left at the process's end in the directory that
 * `SYNOD_PROBE` names. Whatever is understood of the bytes is understood then, not while somebody waits.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { join } from "node:path";
import { absoluteMs, type Noted } from "./noted.ts";
import { messagesIn } from "./nats-messages.ts";

interface Raw {
  readonly kind: Noted["kind"];
  readonly beginMs: number;
  endMs: number;
  readonly bytes: Uint8Array | undefined;
}

/** The newest are kept. */
const notedMax = 400_000;

const ring: Raw[] = [];
let next = 0;

function note(kind: Noted["kind"], bytes?: Uint8Array): Raw {
  const nowMs = absoluteMs();
  const raw = { kind, beginMs: nowMs, endMs: nowMs, bytes };
  ring[next] = raw;
  next = (next + 1) % notedMax;
  return raw;
}

/* oxlint-disable typescript/unbound-method, typescript/no-explicit-any -- functions are put in front of Node's own. */

const push = net.Socket.prototype.push;
net.Socket.prototype.push = function (chunk: any, encoding?: BufferEncoding) {
  if (chunk instanceof Uint8Array) note("received", chunk);
  return push.call(this, chunk, encoding);
};

const socketWrite: (this: net.Socket, ...args: any[]) => boolean = net.Socket.prototype.write;
net.Socket.prototype.write = function (this: net.Socket, ...args: any[]): boolean {
  const [chunk] = args;
  const raw = chunk instanceof Uint8Array ? note("sent", chunk) : undefined;
  const room = socketWrite.apply(this, args);
  if (raw !== undefined) raw.endMs = absoluteMs();
  return room;
};

const write: (...args: any[]) => void = fs.write;
(fs as any).write = (...args: any[]): void => {
  const done = args.pop() as (...results: unknown[]) => void;
  const raw = note("written");
  write(...args, (...results: unknown[]) => {
    raw.endMs = absoluteMs();
    done(...results);
  });
};

const writeSync: (...args: any[]) => number = fs.writeSync;
(fs as any).writeSync = (...args: any[]): number => {
  const raw = note("written");
  try {
    return writeSync(...args);
  } finally {
    raw.endMs = absoluteMs();
  }
};
syncBuiltinESMExports();

process.once("exit", () => {
  const directory = process.env["SYNOD_PROBE"];
  if (directory === undefined) return;
  const inOrder = [...ring.slice(next), ...ring.slice(0, next)];
  const noted = inOrder.map(({ kind, beginMs, endMs, bytes }): Noted => {
    const messages = bytes === undefined ? [] : messagesIn(bytes);
    return { kind, beginMs, endMs, messages };
  });
  fs.writeFileSync(join(directory, `${process.pid}.json`), JSON.stringify(noted));
});
