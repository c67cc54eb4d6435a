/** What a log holds after its process was killed while it was writing, again and again. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLmdbLogStore, type LmdbLogStore } from "../../infra/log-store/lmdb-log-store.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import { compiledPath } from "../support/compiled.ts";
import { waitUntil } from "../support/wait-until.ts";

interface Change {
  readonly group: string;
  readonly records: readonly (readonly [number, string])[];
  readonly promise?: number;
  readonly chosenThrough?: number;
  readonly trimThrough?: number;
}

interface Log {
  records: Map<number, string>;
  chosenThrough: number;
  trimmedThrough: number;
}

const names = ["g0", "g1", "g2", "rare"];
const lives = 12;

class Model {
  readonly logs = new Map<string, Log>(
    names.map((name) => [name, { records: new Map(), chosenThrough: 0, trimmedThrough: 0 }]),
  );

  apply({ group, records, chosenThrough = 0, trimThrough = 0 }: Change): void {
    const log = this.logs.get(group);
    if (log === undefined) return;
    for (const [slot, text] of records) log.records.set(slot, text);
    log.chosenThrough = Math.max(log.chosenThrough, chosenThrough);
    log.trimmedThrough = Math.max(log.trimmedThrough, trimThrough);
    for (const slot of log.records.keys()) {
      if (slot <= log.trimmedThrough) log.records.delete(slot);
    }
  }

  get text(): string {
    return names
      .map((name) => {
        const { records, chosenThrough, trimmedThrough } = this.logs.get(name) as Log;
        const slots = [...records.keys()].toSorted((left, right) => left - right);
        const texts = slots.map((slot) => `${slot}: ${records.get(slot)}`);
        return [name, chosenThrough, trimmedThrough, ...texts].join("\n");
      })
      .join("\n");
  }
}

function textOf(store: LmdbLogStore): string {
  return names
    .map((name) => {
      const { chosenThrough, trimmedThrough } = store.load(name);
      const texts = store
        .read(name, 1, 0, Number.MAX_SAFE_INTEGER, Infinity)
        .map(({ slot, entry }) => `${slot}: ${Buffer.from(entry).toString()}`);
      return [name, chosenThrough, trimmedThrough, ...texts].join("\n");
    })
    .join("\n");
}

/** A copy, in which some names of files that were not flushed are still the older ones, as after a loss of power. */
function copied(directory: string, copy: string): void {
  cpSync(directory, copy, { recursive: true });
  rmSync(join(copy, "lock"), { force: true });
  const log = join(copy, "log");
  for (const name of readdirSync(log).filter((file) => file.includes("spare"))) {
    const before = join(log, `journal-${name.slice("journal-spare-".length).padStart(10, "0")}`);
    if (!existsSync(before) && Math.random() < 0.5) renameSync(join(log, name), before);
  }
}

function linesOf(history: string): readonly unknown[] {
  if (!existsSync(history)) return [];
  // The last line may be cut off.
  const lines = readFileSync(history, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as unknown);
}

test("a log that is killed while it writes holds all that was durable, in the order of the calls", async () => {
  const root = mkdtempSync(join(tmpdir(), "synod-killed-"));
  try {
    const directory = join(root, "n1");
    const model = new Model();
    const promises = new Map<string, number>();
    let durableEver = 0;
    for (let life = 1; life <= lives; life++) {
      const history = join(root, `history${life}`);
      const child = compiledPath("test/log-store/killed-child.ts");
      const running = spawn(process.execPath, [child, directory, history], { stdio: "inherit" });
      const ended = once(running, "exit");
      // Some are killed while they open the log.
      const linesMin = life % 4 === 0 ? 1 : 1 + Math.floor(Math.random() * 3_000);
      await waitUntil(
        `the child has written ${linesMin} lines or has ended`,
        () => linesOf(history).length >= linesMin || running.exitCode !== null,
        30_000,
      );
      running.kill("SIGKILL");
      expect((await ended)[1]).toBe("SIGKILL");

      const lines = linesOf(history);
      const changes = lines.filter((line): line is Change => typeof line === "object");
      const durable = lines.filter((line) => line === "durable").length;
      durableEver += durable;
      for (const { group, promise = 0 } of changes.slice(0, durable)) {
        promises.set(group, Math.max(promises.get(group) ?? 0, promise));
      }
      const copy = join(root, `copy${life}`);
      copied(directory, copy);
      const randomness = systemRandomness;
      const segmentBytes = 4 * 4096;
      const options = { directory: copy, cluster: "c", node: "n1", randomness, segmentBytes };
      const store = await openLmdbLogStore(options);
      const found = textOf(store);
      for (const change of changes.slice(0, durable)) model.apply(change);
      for (const change of changes.slice(durable)) {
        if (model.text === found) break;
        model.apply(change);
      }
      expect(found, `life ${life}: ${durable} of ${changes.length} were durable`).toBe(model.text);
      for (const [name, round] of promises) {
        expect(store.load(name).promise.round).toBeGreaterThanOrEqual(round);
      }
      await store.close();
      rmSync(copy, { recursive: true });
    }
    expect(durableEver).toBeGreaterThan(1_000);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}, 120_000);
