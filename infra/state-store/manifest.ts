/**
 * A group's manifest: its valid checkpoint and the runs that make it up. It is one small record, replaced as a
 * whole, so that a checkpoint or a merge becomes valid at one instant or not at all.
 */
import { crc32 } from "node:zlib";
import type { Revision } from "../../kv/revision.ts";
import { SynodError } from "../errors/synod-error.ts";
import type { RunId } from "./block-device.ts";
import { corruptState } from "./corrupt-state.ts";
import type { RunDescriptor } from "./run.ts";
import type { Checkpoint } from "./state-store.ts";

const formatVersion = 1;
const checksumBytes = 4;

/** Versions of user data written by one checkpoint. */
export interface HistoryEntry {
  readonly lastRevision: Revision;
  readonly bytes: number;
}

export interface Manifest {
  readonly checkpoint: Checkpoint | undefined;
  /** Switched to, and merged, since the group was born. */
  readonly checkpoints: number;
  readonly merges: number;
  /** Newest first; versions of a key are in the same order. */
  readonly runs: readonly RunDescriptor[];
  /** Checkpoints above the watermark, oldest first. */
  readonly history: readonly HistoryEntry[];
}

export const emptyManifest: Manifest = {
  checkpoint: undefined,
  checkpoints: 0,
  merges: 0,
  runs: [],
  history: [],
};

/** A checksum, then JSON: manifests are small and rare, and a person may want to read one. */
export function encodeManifest(group: string, manifest: Manifest): Uint8Array {
  const text = Buffer.from(JSON.stringify({ formatVersion, group, ...manifest }));
  const record = Buffer.alloc(checksumBytes + text.length);
  record.writeUInt32LE(crc32(text));
  record.set(text, checksumBytes);
  return record;
}

export function decodeManifest(group: string, record: Uint8Array): Manifest {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.length);
  const text = bytes.subarray(checksumBytes);
  if (bytes.length < checksumBytes || bytes.readUInt32LE() !== crc32(text)) {
    throw corruptState(`the manifest of group ${group} fails its checksum`);
  }
  const stored = JSON.parse(text.toString()) as Manifest & {
    readonly formatVersion: number;
    readonly group: string;
  };
  if (stored.formatVersion !== formatVersion) {
    throw new SynodError(
      "INCOMPATIBLE_VERSION",
      `the state manifest of group ${group} has format version ${stored.formatVersion}; this program reads ${formatVersion}`,
    );
  }
  if (stored.group !== group) {
    throw corruptState(`the manifest of group ${group} is that of group ${stored.group}`);
  }
  const { checkpoint, checkpoints, merges, runs, history } = stored;
  return { checkpoint, checkpoints, merges, runs, history };
}

/** More checkpoints than this above the watermark are told apart only for the newest. */
const historyEntriesMax = 1024;

export function withCheckpoint(
  manifest: Manifest,
  checkpoint: Checkpoint,
  run: RunDescriptor | undefined,
  historyBytes: number,
): Manifest {
  const { lastRevision, watermark } = checkpoint;
  const history = manifest.history.filter((entry) => entry.lastRevision > watermark);
  history.push({ lastRevision, bytes: historyBytes });
  if (history.length > historyEntriesMax) joinOldest(history);
  return {
    checkpoint,
    checkpoints: manifest.checkpoints + 1,
    merges: manifest.merges,
    runs: run === undefined ? manifest.runs : [run, ...manifest.runs],
    history,
  };
}

/** `inputs` are consecutive; `output`, if anything was left of them, takes their place. */
export function withMerge(
  manifest: Manifest,
  inputs: readonly RunId[],
  output: RunDescriptor | undefined,
): Manifest {
  const runs = manifest.runs.filter((run) => !inputs.includes(run.id));
  const place = manifest.runs.findIndex((run) => run.id === inputs[0]);
  if (output !== undefined) runs.splice(place, 0, output);
  return { ...manifest, merges: manifest.merges + 1, runs };
}

function joinOldest(history: HistoryEntry[]): void {
  const [oldest, next] = history.splice(0, 2);
  if (oldest === undefined || next === undefined) return;
  history.unshift({ lastRevision: next.lastRevision, bytes: oldest.bytes + next.bytes });
}
