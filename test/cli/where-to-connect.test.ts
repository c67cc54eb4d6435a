import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { whereToConnect, type ConnectionFlags } from "../../cli/connection/where-to-connect.ts";

let home: string;
let directory: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "synod-home-"));
  directory = join(home, "project", "deep");
  mkdirSync(directory, { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true }));

function write(path: string, content: object | string): void {
  const file = join(home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
}

function place(flags: ConnectionFlags = {}, environment: Record<string, string> = {}) {
  return whereToConnect(flags, { HOME: home, ...environment }, directory);
}

function writeNote(pid: number): void {
  const note = { pid, servers: ["nats://127.0.0.1:5000"], prefix: "mine" };
  write("project/.synod/dev.json", note);
}

function selectContext(context: object): void {
  write(".config/nats/context.txt", "work\n");
  write(".config/nats/context/work.json", context);
}

test("nothing named leads to the usual address", () => {
  expect(place()).toEqual({
    access: { servers: ["nats://127.0.0.1:4222"] },
    prefix: "synod",
    origin: "the usual address",
  });
});

test("each source gives way to the one before it", () => {
  writeNote(process.pid);
  expect(place()).toMatchObject({ access: { servers: ["nats://127.0.0.1:5000"] }, prefix: "mine" });
  selectContext({ url: "nats://context:1", user: "u", password: "p" });
  const context = { servers: ["nats://context:1"], user: "u", password: "p" };
  expect(place()).toEqual({
    access: context,
    prefix: "synod",
    origin: "from the nats context work",
  });
  const environment: Record<string, string> = { NATS_URL: "nats://a:1,nats://b:1" };
  expect(place({}, environment).access.servers).toEqual(["nats://a:1", "nats://b:1"]);
  environment["SYNOD_SERVERS"] = "nats://own:1";
  expect(place({}, environment).origin).toBe("from SYNOD_SERVERS");
  const flags = { servers: ["nats://flag:1"] };
  expect(place(flags, environment).access.servers).toEqual(["nats://flag:1"]);
});

test("credentials are taken from the first that names any, whole", () => {
  const environment = { NATS_CREDS: "/nats.creds", SYNOD_USER: "su", SYNOD_PASSWORD: "sp" };
  const servers = ["nats://127.0.0.1:4222"];
  expect(place({}, environment).access).toEqual({ servers, user: "su", password: "sp" });
  expect(place({ creds: "/flag.creds" }, environment).access).toEqual({
    servers,
    credentialsFile: "/flag.creds",
  });
  expect(place({}, { NATS_CREDS: "/nats.creds" }).access).toMatchObject({
    credentialsFile: "/nats.creds",
  });
});

test("an empty variable is none", () => {
  expect(place({}, { NATS_URL: "", SYNOD_SERVERS: "" }).origin).toBe("the usual address");
});

test("the note of a cluster that does not run any more is passed over", () => {
  // Process ids end below 2^22.
  writeNote(2 ** 22 + 1);
  expect(place().origin).toBe("the usual address");
  write("project/.synod/dev.json", "no JSON");
  expect(place().origin).toBe("the usual address");
});

test("a context's credentials file may lie below the home folder", () => {
  selectContext({ url: "nats://context:1", creds: "~/work.creds" });
  expect(place().access.credentialsFile).toBe(join(home, "work.creds"));
});

test("a context that cannot be used is said, not passed over", () => {
  selectContext({ url: "nats://context:1", nkey: "/seed" });
  expect(() => place()).toThrow("logs in with `nkey`");
  selectContext([]);
  write(".config/nats/context/work.json", "{");
  expect(() => place()).toThrow("is no JSON object");
  write(".config/nats/context.txt", "gone");
  expect(() => place()).toThrow("the nats context gone is selected");
  expect(place({ servers: ["nats://flag:1"] }).origin).toBe("from --servers");
});

test("the prefix is said by flag, environment or note", () => {
  expect(place({}, { SYNOD_PREFIX: "env" }).prefix).toBe("env");
  expect(place({ subjectPrefix: "flag" }, { SYNOD_PREFIX: "env" }).prefix).toBe("flag");
});

test("a context that is named comes before the environment, with its login", () => {
  write(".config/nats/context/home.json", { url: "nats://home:1", user: "h", password: "q" });
  const environment = { SYNOD_SERVERS: "nats://own:1", SYNOD_USER: "u", SYNOD_PASSWORD: "p" };
  expect(place({ context: "home" }, environment)).toEqual({
    access: { servers: ["nats://home:1"], user: "h", password: "q" },
    prefix: "synod",
    origin: "from --context home",
  });
  const flags = { context: "home", servers: ["nats://flag:1"], user: "f" };
  expect(place(flags).access).toEqual({ servers: ["nats://flag:1"], user: "f" });
});

test.each(["work", "", "../work", ".."])(
  "a context %j that is not there names those that are",
  (name) => {
    write(".config/nats/context/home.json", { url: "nats://home:1" });
    write(".config/nats/work.json", { url: "nats://elsewhere:1" });
    expect(() => place({ context: name })).toThrow(
      expect.objectContaining({
        code: "BAD_REQUEST",
        message: expect.stringContaining(`the nats context ${name} is not there`),
        nextStep: expect.stringContaining("There are home: "),
      }),
    );
  },
);
