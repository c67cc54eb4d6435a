/**
 * Which store a directory holds. The identity is kept inside the log environment and again in a file beside it: an
 * emptied or restored environment would otherwise open as a healthy store that has forgotten its promises.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { earlierStartsMax } from "../../machines/node/start.ts";
import { SynodError } from "../errors/synod-error.ts";
import type { Randomness } from "../randomness/randomness.ts";
import type { StoreIdentity } from "./log-store.ts";

/** Stands for the random number of a start that drew none for keeping. */
const startNotKept = 0;

/**
 * Decides, from what both places hold, which store this is, and gives it its next start; throws when they do not fit
 * together.
 */
export function nextIdentity(
  wanted: { readonly cluster: string; readonly node: string },
  inside: StoreIdentity | undefined,
  beside: StoreIdentity | undefined,
  randomness: Randomness,
): StoreIdentity {
  if (inside === undefined && beside === undefined) {
    const member = randomness.identifier();
    return { ...wanted, member, incarnation: 1, start: randomness.identifier(), earlier: [] };
  }
  if (inside === undefined) {
    throw new SynodError(
      "LOST_STORE",
      `the log of node ${wanted.node} is empty, but its identity file names a store: the log was lost`,
    );
  }
  // The identity file is written last at birth, so it may be missing only then.
  if (beside === undefined && inside.incarnation > 1) {
    throw new SynodError(
      "LOST_STORE",
      `the log of node ${wanted.node} has no identity file beside it: it was copied or partly removed`,
    );
  }
  if (beside !== undefined && beside.member !== inside.member) {
    throw new SynodError(
      "LOST_STORE",
      `the log of node ${wanted.node} belongs to another store than the identity file beside it`,
    );
  }
  if (beside !== undefined && beside.incarnation > inside.incarnation) {
    throw new SynodError(
      "RESTORED_STORE",
      `the log of node ${wanted.node} is at start ${inside.incarnation}, its identity file at ${beside.incarnation}: the log was copied back`,
    );
  }
  if (inside.cluster !== wanted.cluster || inside.node !== wanted.node) {
    throw new SynodError(
      "TOPOLOGY_DIFFERS",
      `the directory holds node ${inside.node} of cluster ${inside.cluster}, not node ${wanted.node} of cluster ${wanted.cluster}`,
      { nextStep: "Name another data directory with --data, or use the topology it belongs to." },
    );
  }
  return {
    ...inside,
    incarnation: inside.incarnation + 1,
    start: randomness.identifier(),
    earlier: knownStarts(inside).slice(0, earlierStartsMax),
  };
}

/** A store that was last opened before it kept its starts knows of none, and is believed. */
function knownStarts({ start, earlier }: StoreIdentity): readonly number[] {
  return start === startNotKept ? [] : [start, ...earlier];
}

export function encodeIdentity(identity: StoreIdentity): Buffer {
  return Buffer.from(JSON.stringify(identity));
}

export function decodeIdentity(bytes: Uint8Array): StoreIdentity {
  const { cluster, node, member, incarnation, start, earlier } = {
    start: startNotKept,
    earlier: [],
    ...fieldsOf(bytes),
  };
  if (
    typeof cluster !== "string" ||
    typeof node !== "string" ||
    typeof member !== "number" ||
    typeof incarnation !== "number" ||
    typeof start !== "number" ||
    !Array.isArray(earlier)
  ) {
    throw new SynodError("CORRUPT_STORE", "the store's identity cannot be read");
  }
  return { cluster, node, member, incarnation, start, earlier };
}

function fieldsOf(bytes: Uint8Array): Partial<StoreIdentity> {
  try {
    return (JSON.parse(Buffer.from(bytes).toString()) ?? {}) as Partial<StoreIdentity>;
  } catch (cause) {
    throw new SynodError("CORRUPT_STORE", "the store's identity is no JSON", { cause });
  }
}

export function readIdentityFile(path: string): StoreIdentity | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return decodeIdentity(bytes);
}

/** Replaces the file as a whole, durably. */
export function writeIdentityFile(path: string, identity: StoreIdentity): void {
  const draft = `${path}.new`;
  const file = openSync(draft, "w");
  try {
    writeSync(file, encodeIdentity(identity));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
