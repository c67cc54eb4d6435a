/**
 * The per-user folder where fetched nats-servers are kept, one folder a version. A program in it is complete or
 * absent: it is written under another name, flushed, and renamed, so parallel starts and crashes leave no half.
 */
import { chmod, mkdtemp, open, readdir, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { makeDirectory } from "../files/make-directory.ts";
import type { Environment } from "../processes/guarded-child.ts";
import { compareBrokerVersions } from "./broker-version.ts";

const programName = "nats-server";
const versionFolder = /^\d{1,4}\.\d{1,4}\.\d{1,4}$/;
const workFolderPrefix = ".fetching-";
/** No fetch takes this long, so a work folder this old was left behind by a process that was killed. */
const abandonedAfterMs = 60 * 60 * 1_000;

/** `$XDG_CACHE_HOME/synod/nats-server`, or the same below `~/.cache`. */
export function brokerCacheFolder(environment: Environment): string {
  const base = environment["XDG_CACHE_HOME"];
  // The XDG specification: a relative path there is invalid and ignored.
  if (base !== undefined && isAbsolute(base)) return join(base, "synod", programName);
  return join(environment["HOME"] ?? homedir(), ".cache", "synod", programName);
}

/** Paths of the programs in the cache, the newest version first; whether they run is for the caller to try. */
export async function cachedBrokers(folder: string): Promise<string[]> {
  const versions = (await namesIn(folder)).filter((name) => versionFolder.test(name));
  return versions
    .sort((left, right) => compareBrokerVersions(right, left))
    .map((version) => join(folder, version, programName));
}

/** Hands a fresh folder inside the cache to `work` and removes it afterwards, whatever happens. */
export async function inWorkFolder<Result>(
  cacheFolder: string,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await createWorkFolder(cacheFolder);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function createWorkFolder(cacheFolder: string): Promise<string> {
  try {
    makeDirectory(cacheFolder);
    await removeAbandonedWork(cacheFolder);
    return await mkdtemp(join(cacheFolder, workFolderPrefix));
  } catch (failure) {
    const why = failure instanceof Error ? failure.message : String(failure);
    throw new Error(
      `the cache ${cacheFolder} cannot be written (${why}); XDG_CACHE_HOME may name another place`,
      { cause: failure },
    );
  }
}

export async function makeExecutable(file: string): Promise<void> {
  await chmod(file, 0o755);
}

/** Moves a program from a work folder to its place in the cache, durably, and gives back that place. */
export async function installIntoCache(
  cacheFolder: string,
  file: string,
  version: string,
): Promise<string> {
  const place = join(cacheFolder, version, programName);
  makeDirectory(dirname(place));
  await flush(file);
  await rename(file, place);
  await flush(dirname(place));
  return place;
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeAbandonedWork(cacheFolder: string): Promise<void> {
  for (const name of await namesIn(cacheFolder)) {
    if (!name.startsWith(workFolderPrefix)) continue;
    const path = join(cacheFolder, name);
    // Another start may be removing it at this moment; what is gone needs no removing.
    const changedMs = await stat(path).then(
      (found) => found.mtimeMs,
      () => Date.now(),
    );
    if (Date.now() - changedMs > abandonedAfterMs) await rm(path, { recursive: true, force: true });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw failure;
  }
}
