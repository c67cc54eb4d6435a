/**
 * The floor of a put: its messages without its work. Programs of this kind stand in for client, leader and followers on a
 * bare NATS connection; the followers may write a block to a file in between.
 */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { connect } from "nats";

export interface RelayTask {
  readonly server: string;
  readonly role: "caller" | "leader" | "follower";
  /** Of a follower: where a block is written, and durable, before it answers. */
  readonly file?: string;
  readonly calls: number;
}

/** What a put of 128 B takes on its way. */
const payloadBytes = 300;
const blockBytes = 4096;

async function main(): Promise<void> {
  const { server, role, file, calls } = JSON.parse(process.argv[2] ?? "") as RelayTask;
  const link = await connect({ servers: server, noAsyncTraces: true });
  const payload = new Uint8Array(payloadBytes);
  const on = (subject: string, callback: () => void): unknown =>
    link.subscribe(subject, { callback });
  if (role === "leader") {
    let answers = 0;
    on("floor.frame", () => {
      answers = 0;
      link.publish("floor.accept", payload);
    });
    // The first answer and the own disk are a majority.
    on("floor.accepted", () => {
      answers += 1;
      if (answers === 1) link.publish("floor.reply", payload);
    });
  } else if (role === "follower") {
    const disk = file === undefined ? undefined : new Disk(file);
    on("floor.accept", () => {
      disk?.write();
      link.publish("floor.accepted", payload);
    });
    process.once("SIGTERM", () => disk?.close());
  } else {
    const times: number[] = [];
    let begunMs = 0;
    const call = (): void => {
      begunMs = performance.now();
      link.publish("floor.frame", payload);
    };
    on("floor.reply", () => {
      times.push(performance.now() - begunMs);
      if (times.length < calls) setImmediate(call);
      else process.stdout.write(`${JSON.stringify(times.slice(calls / 4))}\n`);
    });
    call();
  }
  await link.flush();
  if (role !== "caller") process.stdout.write("ready\n");
}

/** Blocks one behind the other, over and over in a file that has them all. */
class Disk {
  readonly #block = Buffer.alloc(blockBytes, 1);
  readonly #file: number;
  #at = 0;

  constructor(path: string) {
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_DSYNC);
  }

  write(): void {
    writeSync(this.#file, this.#block, 0, blockBytes, this.#at);
    this.#at = (this.#at + blockBytes) % 2 ** 22;
  }

  close(): void {
    closeSync(this.#file);
  }
}

await main();
