/** What no program on this machine can go below: the messages of a put without its work, and a block on the disk. */
import { closeSync, constants, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findBroker } from "../../infra/broker/find-broker.ts";
import { freePort } from "../../infra/broker/free-port.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { GuardedChild } from "../../infra/processes/guarded-child.ts";
import type { RelayTask } from "./relay.ts";

export interface Floor {
  /** All in milliseconds, the median. */
  readonly hopsMs: number;
  readonly hopsAndBlockMs: number;
  readonly blockMs: number;
}

const calls = 4_000;
const blocks = 2_000;
const blockBytes = 4096;
const stopTimeoutMs = 3_000;

export async function measureFloor(directory: string): Promise<Floor> {
  const binary = await findBroker({ environment: process.env, clock: systemClock });
  const port = String(await freePort());
  const server = new Running(binary.path, ["--addr", "127.0.0.1", "--port", port]);
  try {
    const address = `nats://127.0.0.1:${port}`;
    const blockMs = measureBlock(join(directory, "floor-block"));
    const hopsMs = await measureHops(address, undefined);
    const hopsAndBlockMs = await measureHops(address, join(directory, "floor"));
    return { hopsMs, hopsAndBlockMs, blockMs };
  } finally {
    await server.stop();
  }
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((left, right) => left - right);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function measureBlock(path: string): number {
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_DSYNC);
  const block = Buffer.alloc(blockBytes, 1);
  const once = (at: number): number => {
    const begunMs = performance.now();
    writeSync(file, block, 0, blockBytes, at * blockBytes);
    return performance.now() - begunMs;
  };
  try {
    // A file that has its blocks already takes the next write in a fraction of the time.
    for (let at = 0; at < blocks; at++) once(at);
    return median(Array.from({ length: blocks }, (_, at) => once(at)));
  } finally {
    closeSync(file);
    rmSync(path);
  }
}

async function measureHops(server: string, file: string | undefined): Promise<number> {
  const program = fileURLToPath(new URL("relay.js", import.meta.url));
  const start = (role: RelayTask["role"], suffix: string): Running => {
    const task: RelayTask = {
      server,
      role,
      calls,
      ...(file === undefined ? {} : { file: `${file}-${suffix}` }),
    };
    return new Running(process.execPath, [program, JSON.stringify(task)]);
  };
  const relays = [start("leader", ""), start("follower", "1"), start("follower", "2")];
  try {
    for (const relay of relays) await relay.firstLine;
    const times = JSON.parse(await start("caller", "").firstLine) as readonly number[];
    return median(times);
  } finally {
    for (const relay of relays) await relay.stop();
  }
}

class Running {
  readonly firstLine: Promise<string>;
  readonly #child: GuardedChild;
  readonly #ended: Promise<void>;

  constructor(command: string, args: readonly string[]) {
    let said: (line: string) => void = () => undefined;
    let ended: () => void = () => undefined;
    this.firstLine = new Promise((resolve) => (said = resolve));
    this.#ended = new Promise((resolve) => (ended = resolve));
    const onLine = (line: string): void => said(line);
    this.#child = new GuardedChild({ command, args, stopTimeoutMs, onLine }, systemClock, () =>
      ended(),
    );
  }

  stop(): Promise<void> {
    this.#child.stop();
    return this.#ended;
  }
}
