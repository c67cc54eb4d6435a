import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findBroker, type BrokerSearch } from "../../infra/broker/find-broker.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { fakeBrokerScript, freshFolder, writeProgram } from "./fake-programs.ts";

const toolsFolder = "/usr/bin";
const isDebian = ["apt-get", "dpkg-deb"].every((name) => existsSync(join(toolsFolder, name)));

let folder: string;
let steps: string[];

beforeEach(() => {
  folder = freshFolder();
  steps = [];
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const cache = () => join(folder, "cache", "synod", "nats-server");

/** Builds a package of a fake nats-server and the index that makes its folder a package source. */
function buildPackageSource(version: string): string {
  const source = join(folder, "source");
  const tree = join(folder, "tree");
  writeProgram(join(tree, "usr/sbin/nats-server"), fakeBrokerScript(version));
  mkdirSync(join(tree, "DEBIAN"), { recursive: true });
  const control = [
    "Package: nats-server",
    `Version: ${version}-1`,
    "Architecture: all",
    "Maintainer: Nobody <nobody@example.org>",
    "Description: stands in for the real one",
  ].join("\n");
  writeFileSync(join(tree, "DEBIAN/control"), `${control}\n`);
  mkdirSync(source, { recursive: true });
  const archive = `nats-server_${version}-1_all.deb`;
  const built = spawnSync("dpkg-deb", [
    "--root-owner-group",
    "--build",
    tree,
    join(source, archive),
  ]);
  if (built.status !== 0) throw new Error(built.stderr.toString());
  const content = readFileSync(join(source, archive));
  const sha256 = createHash("sha256").update(content).digest("hex");
  writeFileSync(
    join(source, "Packages"),
    `${control}\nFilename: ./${archive}\nSize: ${content.length}\nSHA256: ${sha256}\n\n`,
  );
  return source;
}

/** A machine with empty package lists and one package source, which is a folder of this test. */
function search(source: string): BrokerSearch {
  const lists = join(folder, "empty-lists");
  const sourceList = join(folder, "sources.list");
  mkdirSync(join(lists, "partial"), { recursive: true });
  writeFileSync(sourceList, `deb [trusted=yes] copy:${source} ./\n`);
  return {
    environment: {
      PATH: `${toolsFolder}:/bin`,
      HOME: folder,
      XDG_CACHE_HOME: join(folder, "cache"),
    },
    clock: systemClock,
    systemFolders: [],
    progress: (step) => steps.push(step),
    aptOptions: [
      `-oDir::State::lists=${lists}`,
      `-oDir::Etc::sourcelist=${sourceList}`,
      "-oDir::Etc::sourceparts=/dev/null",
    ],
    releases: { baseAddress: "http://127.0.0.1:9/", archive: undefined, bounds },
  };
}

const bounds = { timeoutMs: 1_000, silenceTimeoutMs: 1_000, bytesMax: 1_000 };

test.skipIf(!isDebian)(
  "where package lists are empty, fresh ones are fetched privately and the package is unpacked into the cache",
  async () => {
    const found = await findBroker(search(buildPackageSource("2.9.10")));
    const path = join(cache(), "2.9.10/nats-server");
    expect(found).toEqual({ path, version: "2.9.10", source: "Debian package" });
    expect(steps).toEqual([
      "fetching nats-server with apt-get",
      "package lists are missing or stale here, fetching fresh ones for nats-server",
    ]);
    expect(readdirSync(cache())).toEqual(["2.9.10"]);
    expect(readdirSync(join(folder, "empty-lists"))).toEqual(["partial"]);
  },
);

test.skipIf(!isDebian)(
  "a package that is too old is not kept, and the reason is told",
  async () => {
    await expect(findBroker(search(buildPackageSource("2.6.5")))).rejects.toThrow(
      /Debian package: .*nats-server 2\.6\.5; 2\.9\.0 or newer is needed/,
    );
    expect(readdirSync(cache())).toEqual([]);
  },
);

test.skipIf(!isDebian)("a source without the package is told in apt's own words", async () => {
  mkdirSync(join(folder, "source"));
  writeFileSync(join(folder, "source/Packages"), "");
  await expect(findBroker(search(join(folder, "source")))).rejects.toThrow(
    /Debian package: .*Unable to locate package nats-server/,
  );
  expect(readdirSync(cache())).toEqual([]);
});

test("an apt-get that hangs is ended with all it has started", async () => {
  const hangs = "echo $$ >> pids; sleep 600 & echo $! >> pids; wait";
  writeProgram(join(folder, "bin/apt-get"), `cd ${folder}; ${hangs}`);
  writeProgram(join(folder, "bin/dpkg-deb"), "exit 1");
  const impatient = {
    ...systemClock,
    after: (delayMs: number, callback: () => void) => systemClock.after(delayMs / 300, callback),
  };
  const usual = search(folder);
  const PATH = `${join(folder, "bin")}:/bin:/usr/bin`;
  await expect(
    findBroker({ ...usual, environment: { ...usual.environment, PATH }, clock: impatient }),
  ).rejects.toThrow(/Debian package: .*update: not finished within 120 s/);
  const pids = readFileSync(join(folder, "pids"), "utf8").trim().split("\n").map(Number);
  expect(pids).toHaveLength(6);
  for (const pid of pids) expect(existsSync(`/proc/${pid}/cwd`), `process ${pid}`).toBe(false);
});
