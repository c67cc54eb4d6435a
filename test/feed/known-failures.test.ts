/**
 * Ways in which watches of other stores went wrong, etcd's above all, and what holds each of them here. The library's
 * half, which drops what it had and reads what it missed, is tested with the client.
 */
import { describe, expect, test } from "vitest";
import type { Revision } from "../../kv/revision.ts";
import { changes, put, remove } from "../kv/support/operations.ts";
import { plainChanges } from "../kv/support/plain.ts";
import { TestGroup } from "../kv/support/test-group.ts";
import { group, Watched } from "./support/watched.ts";

describe("a watch that goes back in time (etcd #15271)", () => {
  test("held by slots and revisions that only rise, and by leaders that tell on subjects only what is theirs", () => {
    const watched = new Watched(21, true);
    const { cluster } = watched;
    watched.go(2_000);
    const frozen = cluster.leaderOf(group);
    frozen?.process?.pause();
    watched.go(3_000);
    frozen?.process?.resume();
    watched.go(2_000);
    const revisions = watched.told.map(({ revision }) => Number(revision));
    expect(revisions.length).toBeGreaterThan(50);
    expect(revisions).toEqual([...new Set(revisions)].toSorted((left, right) => left - right));
    let newest = 0;
    for (const { message } of watched.heard) {
      // What comes late names a slot that whoever reads has passed.
      if (message.slot <= newest) continue;
      newest = message.slot;
      for (const { revision } of message.changes)
        expect(revision).toBeLessThanOrEqual(message.resolved);
    }
  });

  test("progress never tells a revision of which a change is still to come", () => {
    const watched = new Watched(22);
    watched.go(8_000);
    let promised = 0;
    let slot = 0;
    for (const { message } of watched.heard) {
      if (message.slot <= slot) continue;
      for (const { revision } of message.changes) expect(revision).toBeGreaterThan(promised);
      promised = message.resolved;
      slot = message.slot;
    }
    expect(slot).toBeGreaterThan(100);
  });
});

describe("a watch that loses events (etcd #17529)", () => {
  test("held by the slot that each message follows on: whoever missed one sees it in the next", () => {
    const watched = new Watched(23);
    const { network } = watched.cluster;
    watched.go(2_000);
    // Not a single message of a leader reaches whoever watches, for a while.
    const leader = watched.cluster.leaderOf(group)?.name ?? "";
    network.cut(leader, "watcher");
    watched.go(2_500);
    network.heal(leader, "watcher");
    watched.go(2_000);
    const { gaps, missing } = watched.judge();
    expect(missing).toBeGreaterThan(0);
    expect(gaps).toBe(1);
  });
});

describe("a watch that misses a delete when history is compacted (etcd #18089)", () => {
  test("held by the watermark: from any revision there is either every removal since, or a refusal", () => {
    const store = new TestGroup();
    const revisions: Revision[] = [0];
    for (const key of ["a", "b", "c", "d"]) {
      revisions.push(store.one(put(key, "1")) as Revision);
      const { revision } = store.one(remove(key)) as { revision: Revision };
      revisions.push(revision);
      store.checkpointNow();
    }
    const removed = revisions.filter((_, at) => at > 0 && at % 2 === 0);
    for (const watermark of revisions) {
      store.watermark(watermark);
      // What may be dropped is dropped: tombstones among it.
      store.checkpointNow();
      for (const since of revisions) {
        const [result] = store.read(changes({ since }));
        if (since < watermark) {
          expect(result).toMatchObject({ code: "TOO_OLD" });
          continue;
        }
        const tombstones = (plainChanges(result) as [string, Revision, string | undefined][])
          .filter(([, , value]) => value === undefined)
          .map(([, revision]) => revision);
        expect(tombstones).toEqual(removed.filter((revision) => revision > since));
      }
    }
  });
});

describe("a watch that starts at a future revision and hears of the past (etcd #20221)", () => {
  test("held by asking for what came after that revision: it is nothing, and the answer says how far the group is", () => {
    const store = new TestGroup();
    const newest = store.one(put("a", "1")) as Revision;
    const future = newest + 4096 * 1000;
    expect(plainChanges(store.read(changes({ since: future }))[0])).toEqual([]);
    expect(store.replica.lastRevision).toBeLessThan(future);
    // Up to a revision that the group has not come to, nothing is answered at all.
    expect(store.read(changes({ until: future }))).toMatchObject([{ code: "CLOCK_TOO_FAR_AHEAD" }]);
    store.tick(future);
    const [, next] = store.write(put("b", "1"), put("c", "1")) as [Revision, Revision];
    const rows = plainChanges(store.read(changes({ since: future }))[0]) as [string, Revision][];
    expect(rows.map(([key]) => key)).toEqual(["b", "c"]);
    expect(rows.at(-1)?.[1]).toBe(next);
  });
});
