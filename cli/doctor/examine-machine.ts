/** What can be said about this machine, with or without a cluster: its disk, its limits, its Node. */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { bytesText, countText, millisecondsText } from "../output/quantities.ts";
import { finding, levelOf, percentilesOf, type Finding } from "./finding.ts";

const area = "this machine";

/** `directory` is where a node keeps its data, or would; what does not exist yet is examined where it would lie. */
export function examineMachine(directory: string): Finding[] {
  const place = nearestExisting(resolve(directory));
  return [nodeVersion(process.versions.node), ...examineDisk(place), openFiles(openFilesLimit())];
}

function nearestExisting(directory: string): string {
  return existsSync(directory) ? directory : nearestExisting(dirname(directory));
}

export function nodeVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const level = major > 20 || (major === 20 && minor >= 19) ? "ok" : "fail";
  const about = { area, check: "Node", found: version } as const;
  return finding(about, level, "Synod needs Node 20.19 or newer", "Install a newer Node.");
}

function examineDisk(place: string): Finding[] {
  try {
    accessSync(place, constants.W_OK | constants.X_OK);
  } catch {
    const about = { area, check: "data directory", found: place } as const;
    const problem = "this user may not write there: a node cannot start";
    return [finding(about, "fail", problem, "Change its owner, or name another with --data.")];
  }
  const { bavail, bsize, type } = statfsSync(place);
  return [flushes(place, measureFlushes(place), type), room(place, bavail * bsize)];
}

/** 4 KiB that are there already, as the stores write them: no flush has to make the file longer. */
const flushBytes = 4096;
const fileBlocks = 256;
const flushesMax = 300;
const flushesMsMax = 3_000;

function measureFlushes(place: string): readonly number[] {
  const folder = mkdtempSync(join(place, ".synod-doctor-"));
  try {
    const file = openSync(join(folder, "flushes"), "w");
    writeSync(file, Buffer.alloc(flushBytes * fileBlocks, 1));
    fdatasyncSync(file);
    const block = Buffer.alloc(flushBytes, 2);
    const tookMs: number[] = [];
    const startedMs = performance.now();
    while (tookMs.length < flushesMax && performance.now() - startedMs < flushesMsMax) {
      const beganMs = performance.now();
      writeSync(file, block, 0, flushBytes, (tookMs.length % fileBlocks) * flushBytes);
      fdatasyncSync(file);
      tookMs.push(performance.now() - beganMs);
    }
    closeSync(file);
    return tookMs;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What Linux calls a file system that lives in memory. */
const tmpfs = 0x01021994;

export function flushes(place: string, tookMs: readonly number[], fileSystem: number): Finding {
  const { p50Ms, p99Ms } = percentilesOf(tookMs);
  const about = {
    area,
    check: "flush of 4 KiB",
    found: `p50 ${preciseText(p50Ms)}, p99 ${preciseText(p99Ms)} in ${place} (${tookMs.length} times)`,
    measured: { p50Ms, p99Ms, count: tookMs.length },
  } as const;
  if (fileSystem === tmpfs) {
    const problem = "the directory lies in memory: what is acknowledged is gone with the power";
    return finding(about, "warn", problem, "Keep data on a disk: see --data.");
  }
  if (p50Ms < 0.02) {
    const problem = "flushes end before any disk could have written: they may be switched off";
    return finding(about, "warn", problem, "Check the mount options and the virtual disk's cache.");
  }
  return finding(
    about,
    levelOf(p99Ms, { warn: 20, fail: 1_000 }),
    "every write waits for a flush on a majority of nodes",
    "Use a local disk with power-loss protection, and no other program that flushes on it.",
  );
}

function preciseText(ms: number): string {
  return ms < 1 ? `${ms.toFixed(2)} ms` : millisecondsText(ms);
}

const gibibyte = 1024 ** 3;

export function room(place: string, freeBytes: number): Finding {
  const about = {
    area,
    check: "free disk",
    found: `${bytesText(freeBytes)} in ${place}`,
    measured: { freeBytes },
  } as const;
  return finding(
    about,
    levelOf(-freeBytes, { warn: -10 * gibibyte, fail: -gibibyte }),
    "a group may keep 1 GiB of history and 8 GiB of log; a full disk stops the node",
    "Make room, or name another disk with --data.",
  );
}

/** Undefined where it is not known, or there is none. */
function openFilesLimit(): number | undefined {
  const report = process.report as { excludeNetwork?: boolean } & NonNullable<
    typeof process.report
  >;
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as {
    userLimits?: { open_files?: { soft?: number | string } };
  };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === "number" ? soft : undefined;
}

export function openFiles(limit: number | undefined): Finding {
  const about = {
    area,
    check: "open files",
    found: limit === undefined ? "no limit" : `at most ${countText(limit)}`,
    ...(limit === undefined ? {} : { measured: { limit } }),
  } as const;
  return finding(
    about,
    levelOf(-(limit ?? Infinity), { warn: -1023, fail: -127 }),
    "nats-server needs one for each connection, a node several for each group",
    "Raise it: `ulimit -n 65536`, or LimitNOFILE= in the systemd unit.",
  );
}
