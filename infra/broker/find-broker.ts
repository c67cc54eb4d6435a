/**
 * Finds a nats-server to run: the one the user names, one that is installed, one fetched earlier, or one fetched
 * now. Nothing here needs root, and everything is bounded in time.
 */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import type { Clock } from "../clock/clock.ts";
import { SynodError } from "../errors/synod-error.ts";
import type { Environment } from "../processes/guarded-child.ts";
import { probeBroker, type BrokerBinary, type BrokerSource } from "./broker-binary.ts";
import {
  brokerCacheFolder,
  cachedBrokers,
  installIntoCache,
  inWorkFolder,
  makeExecutable,
} from "./broker-cache.ts";
import { oldestBrokerVersion } from "./broker-version.ts";
import { fetchDebianPackage } from "./debian-package.ts";
import { officialReleases, releaseArchiveFor, thisPlatform } from "./official-release.ts";
import type { ReleaseArchive } from "./official-release.ts";
import { fetchRelease, releaseBounds } from "./release-fetch.ts";
import type { DownloadBounds } from "./bounded-download.ts";

export interface BrokerSearch {
  readonly environment: Environment;
  readonly clock: Clock;
  /** Told what is being done when that may take more than a moment, as in "fetching nats-server with apt-get". */
  readonly progress?: (step: string) => void;
  // Other places and bounds than the usual ones, for tests and mirrors.
  /** Searched after PATH. */
  readonly systemFolders?: readonly string[];
  readonly aptOptions?: readonly string[];
  readonly releases?: {
    readonly baseAddress: string;
    readonly archive: ReleaseArchive | undefined;
    readonly bounds: DownloadBounds;
  };
}

/** Where a Debian package puts the server; not on an ordinary user's PATH. */
const usualSystemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Rejects with `BROKER_NOT_FOUND`, which names what was tried and the ways out. */
export async function findBroker(search: BrokerSearch): Promise<BrokerBinary> {
  const named = search.environment["SYNOD_NATS_SERVER"];
  if (named !== undefined && named !== "") return namedBroker(named, search.clock);
  const misses: string[] = [];
  for (const [source, find] of places) {
    try {
      return await find(search, misses);
    } catch (failure) {
      misses.push(`${source}: ${messageOf(failure)}`);
    }
  }
  throw brokerNotFound(misses);
}

type Find = (search: BrokerSearch, misses: string[]) => Promise<BrokerBinary>;

const places: readonly (readonly [BrokerSource, Find])[] = [
  ["PATH", installedBroker],
  ["cache", cachedBroker],
  ["Debian package", debianBroker],
  ["official release", releasedBroker],
];

async function namedBroker(path: string, clock: Clock): Promise<BrokerBinary> {
  try {
    return await probeBroker(resolve(path), "SYNOD_NATS_SERVER", clock);
  } catch (failure) {
    throw new SynodError(
      "BROKER_NOT_FOUND",
      `SYNOD_NATS_SERVER names ${path}, which does not do: ${messageOf(failure)}`,
      {
        cause: failure,
        nextStep: `Set SYNOD_NATS_SERVER to a nats-server ${oldestBrokerVersion} or newer, or unset it.`,
      },
    );
  }
}

async function installedBroker(search: BrokerSearch, misses: string[]): Promise<BrokerBinary> {
  const { environment, systemFolders = usualSystemFolders } = search;
  const paths = await programsOnPath("nats-server", environment, systemFolders);
  const found = await firstThatRuns(paths, "PATH", search, misses);
  if (found === undefined) throw new Error("no usable nats-server there");
  return found;
}

async function cachedBroker(search: BrokerSearch, misses: string[]): Promise<BrokerBinary> {
  const folder = brokerCacheFolder(search.environment);
  const found = await firstThatRuns(await cachedBrokers(folder), "cache", search, misses);
  if (found === undefined) throw new Error(`nothing usable in ${folder}`);
  return found;
}

async function firstThatRuns(
  paths: readonly string[],
  source: BrokerSource,
  search: BrokerSearch,
  misses: string[],
): Promise<BrokerBinary | undefined> {
  for (const path of paths) {
    try {
      return await probeBroker(path, source, search.clock);
    } catch (failure) {
      misses.push(`${source}: ${messageOf(failure)}`);
    }
  }
  return undefined;
}

async function debianBroker(search: BrokerSearch): Promise<BrokerBinary> {
  const [aptGet] = await programsOnPath("apt-get", search.environment);
  const [dpkgDeb] = await programsOnPath("dpkg-deb", search.environment);
  if (aptGet === undefined || dpkgDeb === undefined) {
    throw new Error("apt-get and dpkg-deb are not on PATH");
  }
  const { environment, clock, aptOptions = [], progress = () => undefined } = search;
  const fetch = { aptGet, dpkgDeb, environment, aptOptions, clock, progress };
  return fetchIntoCache(search, "Debian package", (folder) => fetchDebianPackage(fetch, folder));
}

async function releasedBroker(search: BrokerSearch): Promise<BrokerBinary> {
  const { clock, progress = () => undefined } = search;
  const platform = thisPlatform();
  const {
    baseAddress = officialReleases,
    bounds = releaseBounds,
    archive,
  } = search.releases ?? { archive: releaseArchiveFor(platform) };
  if (archive === undefined) {
    throw new Error(`no checksum is known for ${platform.system} on ${platform.architecture}`);
  }
  const fetch = { baseAddress, archive, bounds, clock, progress };
  return fetchIntoCache(search, "official release", (folder) => fetchRelease(fetch, folder));
}

/** Puts what `fetch` brought into the cache, after it has been seen to run. */
function fetchIntoCache(
  search: BrokerSearch,
  source: BrokerSource,
  fetch: (workFolder: string) => Promise<string>,
): Promise<BrokerBinary> {
  const cacheFolder = brokerCacheFolder(search.environment);
  return inWorkFolder(cacheFolder, async (workFolder) => {
    const file = await fetch(workFolder);
    await makeExecutable(file);
    const { version } = await probeBroker(file, source, search.clock);
    return { path: await installIntoCache(cacheFolder, file, version), version, source };
  });
}

/** Executables of that name in the folders of PATH, then in `more`. */
async function programsOnPath(
  name: string,
  environment: Environment,
  more: readonly string[] = [],
): Promise<string[]> {
  const folders = new Set([...(environment["PATH"] ?? "").split(delimiter), ...more]);
  const found: string[] = [];
  for (const folder of folders) {
    // A relative folder would mean another program after a change of directory.
    if (!isAbsolute(folder)) continue;
    const path = join(folder, name);
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) found.push(path);
  }
  return found;
}

function brokerNotFound(misses: readonly string[]): SynodError {
  return new SynodError(
    "BROKER_NOT_FOUND",
    [
      `no nats-server ${oldestBrokerVersion} or newer was found or could be fetched; tried:`,
      ...misses.map((miss) => `  - ${miss}`),
    ].join("\n"),
    {
      nextStep: [
        "Do one of these three:",
        "  - install it so that it is on PATH: apt install nats-server, brew install nats-server, or https://nats.io/download",
        "  - set SYNOD_NATS_SERVER to the path of a nats-server you have",
        "  - make the network reachable, so that Synod can fetch it by itself, and start again",
      ].join("\n"),
    },
  );
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
