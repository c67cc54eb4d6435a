/** What the operating system sees of an acknowledgement. Not run where strace is missing or not permitted. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeCluster, type Cluster } from "./support/cluster.ts";
import { callsIn, canTrace, traced, type SystemCall } from "./support/system-calls.ts";
import { resultOf } from "./support/test-client.ts";

const writes = 30;
const markerOf = (turn: number): string => `<value ${turn}>`;
/** How a reply to an executed frame begins, behind its subject. */
const replyBegins = String.raw`\r\n\231\1\0`;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await makeCluster();
});
afterAll(() => cluster.close());

function traceOf(name: string): string {
  return join(cluster.directory, `${name}.calls`);
}

/** When the write of the entry to the node's journal had returned, which was opened so that it is on disk then. */
function flushedS(calls: readonly SystemCall[], marker: string): number | undefined {
  return calls.find(
    ({ name, text }) =>
      name === "pwrite64" && text.includes("/log/journal-") && text.includes(marker),
  )?.endS;
}

/** How the node opened the files of its journal. */
function journalsOpened(calls: readonly SystemCall[]): readonly SystemCall[] {
  return calls.filter(({ name, text }) => name === "openat" && text.includes("/log/journal-"));
}

/** When the leader began to say that the write of this entry was done. */
function repliedS(calls: readonly SystemCall[], marker: string): number | undefined {
  const proposed = calls.find(({ text }) => text.includes("PUB ") && text.includes(marker));
  return calls.find(
    ({ text, startS }) =>
      text.includes("PUB _INBOX.") &&
      text.includes(replyBegins) &&
      startS > (proposed?.startS ?? Infinity),
  )?.startS;
}

test.runIf(canTrace)(
  "no reply leaves before two nodes have flushed its entry to disk",
  async () => {
    const names = cluster.others();
    for (const name of names) cluster.node(name).start({ before: traced(traceOf(name)) });
    await cluster.waitUntilServing();
    const leader = cluster.leaderOf("g1") ?? "";
    const client = cluster.client("client");
    for (let turn = 0; turn < writes; turn++) resultOf(await client.put("a", markerOf(turn)));
    for (const name of names) cluster.node(name).terminate();
    for (const name of names) {
      await cluster.waitUntil(`all that ${name} did is written down`, () =>
        readFileSync(traceOf(name), "latin1").trimEnd().endsWith("+++ exited with 0 +++"),
      );
    }
    const calls = new Map(names.map((name) => [name, callsIn(traceOf(name))]));
    for (const own of calls.values()) {
      const forWriting = journalsOpened(own).filter(({ text }) => text.includes("O_RDWR"));
      expect(forWriting.length).toBeGreaterThan(0);
      for (const { text } of forWriting) {
        // A file is made empty first; what is written to is opened again.
        expect(text).toMatch(/O_DSYNC|O_CREAT/);
      }
    }
    for (let turn = 0; turn < writes; turn++) {
      const marker = markerOf(turn);
      const replied = repliedS(calls.get(leader) ?? [], marker);
      const flushed = [...calls.values()]
        .map((own) => flushedS(own, marker) ?? Infinity)
        .toSorted((left, right) => left - right);
      expect(replied, `a reply to ${marker}`).toBeDefined();
      expect(flushed[1], `two flushes of ${marker}`).toBeLessThan(replied ?? 0);
    }
  },
);
