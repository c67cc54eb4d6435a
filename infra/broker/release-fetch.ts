/** Fetches the pinned release: download, checksum, and only then a look inside. */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { Clock } from "../clock/clock.ts";
import { download, type DownloadBounds } from "./bounded-download.ts";
import type { ReleaseArchive } from "./official-release.ts";
import { findTarMember } from "./tar-member.ts";

export interface ReleaseFetch {
  /** Address of the folder that holds one folder a version. */
  readonly baseAddress: string;
  readonly archive: ReleaseArchive;
  readonly bounds: DownloadBounds;
  readonly clock: Clock;
  readonly progress: (step: string) => void;
}

export const releaseBounds: DownloadBounds = {
  timeoutMs: 180_000,
  silenceTimeoutMs: 20_000,
  bytesMax: 64 * 1024 * 1024,
};

/** A program is some 20 MB; this ends the unpacking of an archive made to fill the memory. */
const unpackedBytesMax = 256 * 1024 * 1024;

/** Resolves with the path of the program, written into `workFolder`. */
export async function fetchRelease(fetch: ReleaseFetch, workFolder: string): Promise<string> {
  const { stem, version, sha256 } = fetch.archive;
  const address = `${fetch.baseAddress}/v${version}/${stem}.tar.gz`;
  fetch.progress(`fetching nats-server ${version}`);
  const packed = await download(address, fetch.bounds, fetch.clock);
  const found = createHash("sha256").update(packed).digest("hex");
  if (found !== sha256) {
    throw new Error(`${address}: the SHA-256 is ${found}, but must be ${sha256}; nothing was kept`);
  }
  const unpacked = await promisify(gunzip)(packed, { maxOutputLength: unpackedBytesMax });
  const program = findTarMember(unpacked, `${stem}/nats-server`);
  if (program === undefined) throw new Error(`${address}: no nats-server in it`);
  const file = join(workFolder, "nats-server");
  await writeFile(file, program);
  return file;
}
