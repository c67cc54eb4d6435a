/**
 * Takes nats-server, or another program, out of the distribution's own package, without root: apt fetches and verifies it,
 * dpkg-deb unpacks it into a work folder, nothing is installed.
 */
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../clock/clock.ts";
import { runBounded } from "../processes/bounded-command.ts";
import type { Environment } from "../processes/guarded-child.ts";

export interface DebianFetch {
  readonly aptGet: string;
  readonly dpkgDeb: string;
  readonly environment: Environment;
  /** Passed to every apt-get. */
  readonly aptOptions: readonly string[];
  readonly clock: Clock;
  readonly progress: (step: string) => void;
  /** `nats-server` unless given, as is the program in it. */
  readonly packageName?: string;
  readonly programName?: string;
}

const usualName = "nats-server";
const downloadTimeoutMs = 60_000;
const updateTimeoutMs = 120_000;
const unpackTimeoutMs = 30_000;

/**
 * What fits every user: hooks of the machine's own package state are for root and would fail here, and of the
 * lists only the packages are wanted. The sandbox user could not enter a folder of root's home.
 */
const privateStateConfiguration = `
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::CNF;
Acquire::Languages "none";
APT::Sandbox::User "root";
`;

/** Resolves with the path of the unpacked program inside `workFolder`. */
export async function fetchDebianPackage(fetch: DebianFetch, workFolder: string): Promise<string> {
  const programName = fetch.programName ?? usualName;
  await downloadPackage(fetch, workFolder);
  const archive = (await readdir(workFolder)).find((name) => name.endsWith(".deb"));
  if (archive === undefined) throw new Error("apt-get download left no package behind");
  const unpacked = join(workFolder, "unpacked");
  await runBounded(
    {
      command: fetch.dpkgDeb,
      args: ["-x", join(workFolder, archive), unpacked],
      timeoutMs: unpackTimeoutMs,
      environment: fetch.environment,
    },
    fetch.clock,
  );
  for (const place of ["usr/sbin", "usr/bin"]) {
    const program = join(unpacked, place, programName);
    if (await exists(program)) return program;
  }
  throw new Error(`${archive} contains no ${programName} program`);
}

/** First with the machine's own package lists, which cost nothing; then with fresh ones of our own. */
async function downloadPackage(fetch: DebianFetch, workFolder: string): Promise<void> {
  const packageName = fetch.packageName ?? usualName;
  fetch.progress(`fetching ${packageName} with apt-get`);
  try {
    await aptGet(fetch, ["download", packageName], workFolder, downloadTimeoutMs);
    return;
  } catch {
    fetch.progress(
      `package lists are missing or stale here, fetching fresh ones for ${packageName}`,
    );
  }
  const privateState = await preparePrivateState(workFolder);
  // One broken source of several makes the update fail as a whole; whether it was ours shows in the download.
  const updateFailure = await aptGet(
    fetch,
    [...privateState, "update"],
    workFolder,
    updateTimeoutMs,
  ).catch((failure: unknown) => failure);
  try {
    await aptGet(fetch, [...privateState, "download", packageName], workFolder, downloadTimeoutMs);
  } catch (failure) {
    throw updateFailure instanceof Error ? updateFailure : failure;
  }
}

/** Options that keep apt's lists and caches inside `workFolder`. */
async function preparePrivateState(workFolder: string): Promise<string[]> {
  const configuration = join(workFolder, "apt.conf");
  const lists = join(workFolder, "lists");
  const cache = join(workFolder, "cache");
  await writeFile(configuration, privateStateConfiguration);
  await mkdir(join(lists, "partial"), { recursive: true });
  await mkdir(join(cache, "archives", "partial"), { recursive: true });
  return [`-c=${configuration}`, `-oDir::State::lists=${lists}`, `-oDir::Cache=${cache}`];
}

async function aptGet(
  fetch: DebianFetch,
  args: readonly string[],
  workFolder: string,
  timeoutMs: number,
): Promise<void> {
  const command = {
    command: fetch.aptGet,
    args: [...fetch.aptOptions, ...args],
    workingDirectory: workFolder,
    environment: { ...fetch.environment, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
    timeoutMs,
  };
  await runBounded(command, fetch.clock);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
