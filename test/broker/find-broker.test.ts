import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findBroker, type BrokerSearch } from "../../infra/broker/find-broker.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { freshFolder, writeFakeBroker, writeProgram } from "./fake-programs.ts";
import { answerWell, serveRelease, type ReleaseServer } from "./release-server.ts";

let folder: string;
let server: ReleaseServer;
let steps: string[];

beforeEach(async () => {
  folder = freshFolder();
  steps = [];
  server = await serveRelease(join(folder, "served"), "2.11.3");
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const cache = () => join(folder, "cache", "synod", "nats-server");
const bounds = { timeoutMs: 5_000, silenceTimeoutMs: 5_000, bytesMax: 1024 * 1024 };

/** A machine whose PATH is one folder of this test, with the shell's own tools behind it. */
function search(environment: Record<string, string> = {}): BrokerSearch {
  return {
    environment: {
      PATH: join(folder, "bin"),
      HOME: folder,
      XDG_CACHE_HOME: join(folder, "cache"),
      ...environment,
    },
    clock: systemClock,
    systemFolders: [],
    progress: (step) => steps.push(step),
    releases: { baseAddress: server.baseAddress, archive: server.archive, bounds },
  };
}

async function failureOf(work: Promise<unknown>): Promise<SynodError> {
  const failure = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(failure instanceof SynodError)) throw new Error("a SynodError was expected");
  return failure;
}

test("the server that SYNOD_NATS_SERVER names wins over all others", async () => {
  writeFakeBroker(join(folder, "bin/nats-server"), "2.12.0");
  const named = writeFakeBroker(join(folder, "mine/server"), "2.9.0");
  expect(await findBroker(search({ SYNOD_NATS_SERVER: named }))).toEqual({
    path: named,
    version: "2.9.0",
    source: "SYNOD_NATS_SERVER",
  });
  expect(steps).toEqual([]);
});

test("a named server that does not exist is an error, even where another could be found", async () => {
  writeFakeBroker(join(folder, "bin/nats-server"), "2.12.0");
  const failure = await failureOf(findBroker(search({ SYNOD_NATS_SERVER: "/no/such/server" })));
  expect(failure.code).toBe("BROKER_NOT_FOUND");
  expect(failure.message).toContain("SYNOD_NATS_SERVER names /no/such/server");
  expect(failure.nextStep).toContain("SYNOD_NATS_SERVER");
});

test("a server that is too old is refused with the version found and the one needed", async () => {
  const named = writeFakeBroker(join(folder, "old"), "2.8.4");
  const failure = await failureOf(findBroker(search({ SYNOD_NATS_SERVER: named })));
  expect(failure.message).toContain("nats-server 2.8.4; 2.9.0 or newer is needed");
});

test("a named program that is something else is refused with what it prints", async () => {
  const named = writeProgram(join(folder, "other"), "echo etcd Version: 3.5.0");
  const failure = await failureOf(findBroker(search({ SYNOD_NATS_SERVER: named })));
  expect(failure.message).toContain('prints "etcd Version: 3.5.0"');
});

test("a server on PATH is taken before the cache", async () => {
  const path = writeFakeBroker(join(folder, "bin/nats-server"), "2.9.10");
  writeFakeBroker(join(cache(), "2.12.0/nats-server"), "2.12.0");
  expect(await findBroker(search())).toEqual({ path, version: "2.9.10", source: "PATH" });
});

test("PATH is searched in its order; what is too old or depends on the current folder is passed over", async () => {
  writeFakeBroker(join(folder, "a/nats-server"), "2.8.4");
  const path = writeFakeBroker(join(folder, "b/nats-server"), "2.10.1");
  writeFakeBroker(join(folder, "c/nats-server"), "2.11.0");
  const fromHere = relative(process.cwd(), join(folder, "c"));
  const PATH = `${join(folder, "a")}:${fromHere}:${join(folder, "b")}`;
  expect(await findBroker(search({ PATH }))).toEqual({ path, version: "2.10.1", source: "PATH" });
});

test("of several versions in the cache the newest that runs is taken", async () => {
  const path = writeFakeBroker(join(cache(), "2.9.10/nats-server"), "2.9.10");
  writeFakeBroker(join(cache(), "2.9.9/nats-server"), "2.9.9");
  writeProgram(join(cache(), "2.10.0/nats-server"), "exit 1");
  expect(await findBroker(search())).toEqual({ path, version: "2.9.10", source: "cache" });
  expect(server.requests).toEqual([]);
});

test("without any server the pinned release is fetched once, then found in the cache", async () => {
  const path = join(cache(), "2.11.3/nats-server");
  const fetched = await findBroker(search());
  expect(fetched).toEqual({ path, version: "2.11.3", source: "official release" });
  expect(await findBroker(search())).toEqual({ ...fetched, source: "cache" });
  expect(server.requests).toEqual([`/download/v2.11.3/${server.archive.stem}.tar.gz`]);
  expect(steps).toEqual(["fetching nats-server 2.11.3"]);
});

test("starts side by side do not collide in the cache", async () => {
  const found = await Promise.all(Array.from({ length: 5 }, () => findBroker(search())));
  for (const { path, version } of found) {
    expect(version).toBe("2.11.3");
    expect(path).toBe(join(cache(), "2.11.3/nats-server"));
  }
  expect(readdirSync(cache())).toEqual(["2.11.3"]);
  expect(readdirSync(join(cache(), "2.11.3"))).toEqual(["nats-server"]);
});

test("redirects are followed to the archive", async () => {
  server.answer = (request, response, content) => {
    if (request.url === "/moved") answerWell(request, response, content);
    else response.writeHead(302, { location: "/moved" }).end();
  };
  expect((await findBroker(search())).version).toBe("2.11.3");
});

interface BadRelease {
  readonly what: string;
  readonly answer?: ReleaseServer["answer"];
  readonly change?: (usual: BrokerSearch) => BrokerSearch;
  readonly says: string;
}

function withBounds(change: Partial<typeof bounds>) {
  return (usual: BrokerSearch): BrokerSearch => ({
    ...usual,
    releases: {
      baseAddress: server.baseAddress,
      archive: server.archive,
      bounds: { ...bounds, ...change },
    },
  });
}

const badReleases: readonly BadRelease[] = [
  {
    what: "an archive with another checksum",
    answer: (request, response, content) =>
      answerWell(request, response, Buffer.concat([content, Buffer.from("!")])),
    says: "but must be",
  },
  {
    what: "an address that does not exist",
    answer: (_request, response) => response.writeHead(404).end("no"),
    says: "404 Not Found",
  },
  {
    what: "an archive that breaks off",
    answer: (_request, response, content) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 100), () => response.destroy());
    },
    says: ".tar.gz: ",
  },
  {
    what: "a server that never answers",
    answer: () => undefined,
    change: withBounds({ silenceTimeoutMs: 50 }),
    says: "nothing arrived for 0.05 s",
  },
  {
    what: "a server that falls silent",
    answer: (_request, response, content) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 100));
    },
    change: withBounds({ silenceTimeoutMs: 50 }),
    says: "nothing arrived for 0.05 s",
  },
  {
    what: "a server that sends ever so slowly",
    answer: (_request, response) => {
      const timer = setInterval(() => response.write("."), 5);
      response.on("close", () => clearInterval(timer));
    },
    change: withBounds({ timeoutMs: 100 }),
    says: "not finished within 0.1 s",
  },
  {
    what: "an archive without end",
    answer: (_request, response) => {
      const piece = Buffer.alloc(1024);
      const send = () => {
        while (!response.destroyed && response.write(piece));
      };
      response.on("drain", send);
      send();
    },
    change: withBounds({ bytesMax: 100_000 }),
    says: "longer than 100000 bytes",
  },
  {
    what: "a server that refuses connections",
    change: (usual) => {
      void server.close();
      return usual;
    },
    says: "ECONNREFUSED 127.0.0.1:",
  },
  {
    what: "a platform without a pinned checksum",
    change: (usual) => ({
      ...usual,
      releases: { baseAddress: server.baseAddress, archive: undefined, bounds },
    }),
    says: "no checksum is known for",
  },
];

for (const { what, answer, change, says } of badReleases) {
  test(`${what} leaves nothing behind and is told with the three ways out`, async () => {
    if (answer !== undefined) server.answer = answer;
    const failure = await failureOf(findBroker(change?.(search()) ?? search()));
    expect(failure.code).toBe("BROKER_NOT_FOUND");
    expect(failure.message).toContain("official release: ");
    expect(failure.message).toContain(says);
    expect(failure.nextStep).toContain("on PATH");
    expect(failure.nextStep).toContain("SYNOD_NATS_SERVER");
    expect(failure.nextStep).toContain("network");
    expect(existsSync(cache()) ? readdirSync(cache()) : []).toEqual([]);
  });
}

test("a download that does not run here is not kept", async () => {
  const broken = await serveRelease(join(folder, "broken"), "not-a-version");
  const { archive, baseAddress } = broken;
  const failure = await failureOf(
    findBroker({ ...search(), releases: { baseAddress, archive, bounds } }),
  );
  await broken.close();
  expect(failure.message).toContain("is no nats-server");
  expect(readdirSync(cache())).toEqual([]);
});

test("a cache that cannot be written is named, with the variable that moves it", async () => {
  writeFileSync(join(folder, "file"), "");
  const failure = await failureOf(findBroker(search({ XDG_CACHE_HOME: join(folder, "file") })));
  expect(failure.message).toContain(join(folder, "file"));
  expect(failure.message).toContain("XDG_CACHE_HOME");
});

test("work folders of killed starts are removed, those of running ones are not", async () => {
  for (const name of [".fetching-old", ".fetching-new"])
    mkdirSync(join(cache(), name), { recursive: true });
  utimesSync(join(cache(), ".fetching-old"), new Date(0), new Date(0));
  await findBroker(search());
  expect(readdirSync(cache()).toSorted()).toEqual([".fetching-new", "2.11.3"]);
});

test("a program that hangs is not waited for longer than its time", async () => {
  const hanging = writeProgram(join(folder, "hangs"), "sleep 600");
  const impatient = {
    ...systemClock,
    after: (delayMs: number, callback: () => void) => systemClock.after(delayMs / 100, callback),
  };
  const failure = await failureOf(
    findBroker({ ...search({ SYNOD_NATS_SERVER: hanging }), clock: impatient }),
  );
  expect(failure.message).toContain("not finished within 10 s");
});
