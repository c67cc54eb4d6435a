/** What a leader tells of the entries it applies, and to whom. */
import { expect, test } from "vitest";
import { DropCounts } from "../../actors/drop-counts.ts";
import { ChangeFeed } from "../../actors/feed/change-feed.ts";
import { feedInterestMs, Interests, keyInterestMs } from "../../actors/feed/interests.ts";
import { Outlet } from "../../actors/feed/outlet.ts";
import { WatchSubjects } from "../../actors/feed/watch-subjects.ts";
import { SimulatedWorld } from "../../infra/clock/simulated-world.ts";
import { FeedDecoder, type FeedMessage } from "../../infra/codec/feed-codec.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { PublishOptions, Transport } from "../../infra/transport/transport.ts";
import type { FrameOutcome } from "../../kv/frame.ts";
import { increment, put, remove, transaction } from "../kv/support/operations.ts";
import { clusterId, group as groupName, TestGroup } from "../kv/support/test-group.ts";

interface Said {
  readonly subject: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** Tells of each entry as the applier does. */
class ToldGroup extends TestGroup {
  told: (slot: number) => void = () => undefined;

  override append(entry: Uint8Array): readonly FrameOutcome[] {
    const outcomes = super.append(entry);
    this.told(this.log.length);
    return outcomes;
  }
}

class Leader {
  readonly group: ToldGroup;
  readonly world = new SimulatedWorld();
  readonly drops = new DropCounts();
  readonly messages: FeedMessage[] = [];
  readonly said: Said[] = [];
  readonly interests: Interests;
  readonly feed: ChangeFeed;
  readonly reported: string[] = [];
  isOwn: (slot: number) => boolean = () => true;
  connected = true;
  payloadBytesMax = 1 << 20;
  /** What the server does with a message. */
  server: (subject: string) => void = () => undefined;
  readonly flushes: (() => void)[] = [];
  constructor(alwaysWanted: readonly string[] = [], group = new ToldGroup()) {
    this.group = group;
    const { clock } = this.world.machine("m").start();
    this.interests = new Interests(clock, alwaysWanted);
    const outlet = new Outlet(this as Partial<Transport> as Transport, this.drops);
    const { interests } = this;
    const prefix = "synod";
    this.feed = new ChangeFeed({
      prefix,
      interests,
      outlet,
      watchSubjects: new WatchSubjects({ prefix, interests, outlet }),
      clusterId,
      group: groupName,
      clock,
      state: this.group.replica,
      isOwn: (slot) => this.isOwn(slot),
      report: (what) => this.reported.push(what),
    });
    this.group.told = (slot) => this.feed.entryApplied(slot);
  }

  apply(change: (group: TestGroup) => void): void {
    change(this.group);
  }

  wantFeed(): void {
    this.interests.wantFeed(groupName);
    this.feed.interestHeard();
  }

  wantKeys(pattern: string): void {
    this.interests.wantKeys("b", pattern);
    this.feed.interestHeard();
  }

  /** `slot after previousSlot: key=value ...` of each message since this was last asked. */
  heard(): string[] {
    return this.messages.splice(0).map(({ slot, previousSlot, changes, part, parts }) => {
      const shown = changes.map(({ key, operation, source, start, end }) => {
        const value = Buffer.from(source.subarray(start, end)).toString();
        return `${key.slice(2)}${["=", " deleted", " expired"][operation]}${value.slice(0, 9)}`;
      });
      const piece = parts === 1 ? "" : ` (${part}/${parts})`;
      return `${slot} after ${previousSlot}${piece}: ${shown.join(" ")}`.trim();
    });
  }

  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void {
    this.server(subject);
    if (!subject.startsWith("synod.feed.")) {
      const body = Buffer.from(payload).toString();
      this.said.push({ subject, body, headers: options?.headers });
      return;
    }
    const message = new FeedDecoder().decode(Buffer.from(payload));
    if ("kind" in message) throw new Error(message.problem);
    this.messages.push(message);
  }

  flush(done: (failure: Error | undefined) => void): void {
    this.flushes.push(() => done(undefined));
  }
}

function serving(alwaysWanted: readonly string[] = []): Leader {
  const leader = new Leader(alwaysWanted);
  leader.feed.beginServing();
  return leader;
}

const one = (key: string, value: string) => (group: TestGroup) => void group.one(put(key, value));

test("nothing is told while nobody wants it, nor by a replica that does not lead", () => {
  const leader = serving();
  leader.apply(one("a", "1"));
  leader.world.runFor(10_000);
  const follower = new Leader();
  follower.wantFeed();
  follower.wantKeys(">");
  follower.apply(one("a", "1"));
  follower.world.runFor(10_000);
  expect([...leader.heard(), ...follower.heard()]).toEqual([]);
  expect([...leader.said, ...follower.said]).toEqual([]);
});

test("each entry with changes is one message that names the one before it", () => {
  const leader = serving();
  leader.apply(one("a", "1"));
  leader.wantFeed();
  expect(leader.heard()).toEqual(["1 after 1:"]);
  leader.apply((group) => {
    group.write(put("a", "2"), put("b", "1"), increment("n", 5));
    group.noOp();
    group.tick(group.now + 5);
    group.one(remove("never there"));
    group.write(transaction([], [put("c", "1"), remove("b")]), remove("a"));
  });
  expect(leader.heard()).toEqual(["2 after 1: a=2 b=1 n=5", "6 after 2: c=1 b deleted a deleted"]);
});

test("a message carries the revisions of its changes and resolves what lies behind them", () => {
  const leader = serving();
  leader.wantFeed();
  leader.apply((group) => void group.write(transaction([], [put("a", "1"), put("b", "2")])));
  const { changes, resolved } = leader.messages.at(-1) as FeedMessage;
  expect(changes.map(({ revision }) => revision)).toEqual([resolved, resolved]);
  expect(resolved).toBe(leader.group.replica.lastRevision);
});

test("an expiry is told by the entry that passes it", () => {
  const leader = serving();
  leader.wantFeed();
  leader.apply((group) => void group.one(put("a", "1", { ttlMs: 5 })));
  leader.apply((group) => group.tick(group.now + 4096 * 10));
  expect(leader.heard().slice(1)).toEqual(["1 after 0: a=1", "2 after 1: a expired"]);
});

test("progress is told every second, until nobody wants it any more", () => {
  const leader = serving();
  leader.wantFeed();
  leader.apply(one("a", "1"));
  leader.apply((group) => group.noOp());
  leader.heard();
  leader.world.runFor(3_500);
  expect(leader.heard()).toEqual(["2 after 1:", "2 after 1:", "2 after 1:"]);
  leader.world.runFor(feedInterestMs);
  expect(leader.heard().length).toBe(26);
  leader.apply(one("a", "2"));
  expect(leader.heard()).toEqual([]);
  leader.wantFeed();
  expect(leader.heard()).toEqual(["3 after 3:"]);
});

test("a message says how much longer the feed is published", () => {
  const leader = serving();
  leader.wantFeed();
  leader.world.runFor(5_000);
  expect(leader.messages.map(({ interestMs }) => interestMs)).toEqual(
    [0, 1, 2, 3, 4, 5].map((seconds) => feedInterestMs - 1000 * seconds),
  );
});

test("a new leader tells at once how far it is, and follows on the last slot with changes", () => {
  const leader = new Leader();
  leader.wantFeed();
  leader.apply(one("a", "1"));
  leader.apply((group) => group.noOp());
  expect(leader.heard()).toEqual([]);
  leader.feed.beginServing();
  leader.apply(one("b", "1"));
  expect(leader.heard()).toEqual(["2 after 1:", "3 after 1: b=1"]);
  leader.feed.stopServing();
  leader.apply(one("b", "2"));
  leader.world.runFor(2_000);
  expect(leader.heard()).toEqual([]);
  leader.feed.beginServing();
  leader.apply(one("b", "3"));
  expect(leader.heard()).toEqual(["4 after 4:", "5 after 4: b=3"]);
});

test("a replica that starts again names no slot that is too low, whatever it did not see", () => {
  const group = new ToldGroup();
  const before = new Leader([], group);
  before.apply(one("a", "1"));
  before.apply(one("a", "2"));
  group.checkpointNow();
  group.restart();
  const checkpointed = new Leader([], group);
  checkpointed.feed.beginServing();
  checkpointed.wantFeed();
  checkpointed.apply(one("a", "3"));
  // A watcher that has missed slot 2 must not take slot 3 for the next.
  expect(checkpointed.heard()).toEqual(["2 after 2:", "3 after 2: a=3"]);
});

test("a replica that starts again notices what the log changes behind its checkpoint", () => {
  const group = new ToldGroup();
  const before = new Leader([], group);
  before.apply(one("a", "1"));
  group.checkpointNow();
  before.apply(one("a", "2"));
  before.apply((changed) => changed.noOp());
  const replaying = group.log.splice(1);
  group.restart();
  const again = new Leader([], group);
  for (const entry of replaying) group.append(entry);
  again.feed.beginServing();
  again.wantFeed();
  expect(again.heard()).toEqual(["3 after 2:"]);
});

test("an entry too large for one message comes in parts, and the next one follows on it", () => {
  const leader = serving();
  leader.payloadBytesMax = 10_000;
  leader.wantFeed();
  leader.heard();
  const value = "x".repeat(6_000);
  leader.apply((group) => void group.write(put("a", value), put("b", value), put("c", "1")));
  leader.apply(one("d", "1"));
  expect(leader.heard()).toEqual([
    "1 after 0 (1/2): a=xxxxxxxxx",
    "1 after 0 (2/2): b=xxxxxxxxx c=1",
    "2 after 1: d=1",
  ]);
});

test("what the server does not take is left out, and the next message shows the gap", () => {
  const leader = serving();
  leader.wantFeed();
  leader.wantKeys(">");
  leader.heard();
  leader.server = () => {
    throw new SynodError("FRAME_TOO_LARGE", "larger than max_payload");
  };
  leader.apply(one("a", "1"));
  leader.server = () => {
    throw new TypeError("nobody expects this");
  };
  leader.apply(one("a", "2"));
  leader.server = () => undefined;
  leader.connected = false;
  leader.apply(one("a", "3"));
  leader.connected = true;
  leader.apply(one("a", "4"));
  expect(leader.heard()).toEqual(["4 after 3: a=4"]);
  expect(leader.said.map(({ body }) => body)).toEqual(["4"]);
  expect(leader.drops.toJSON()).toMatchObject({ "change not published: FRAME_TOO_LARGE": 2 });
});

test("a server that does not keep up is given no more until it does", () => {
  const leader = serving();
  leader.wantFeed();
  const value = "x".repeat(500_000);
  for (let at = 0; at < 100; at++) leader.apply(one("a", value));
  const before = leader.heard().length;
  expect(before).toBeLessThan(70);
  expect(before).toBeGreaterThan(50);
  for (const done of leader.flushes.splice(0)) done();
  leader.apply(one("a", "small"));
  expect(leader.heard()).toEqual(["101 after 100: a=small"]);
});

test("watch subjects are told one key at a time, with headers, as far as they are wanted", () => {
  const leader = serving();
  leader.wantKeys("config.>");
  leader.apply((group) => {
    group.write(put("config.a", "1"), put("other", "1"), put("config.ü", "1"));
    group.write(put("config..b", "1"), put("config. c", "1"), put("config.*", "1"));
    group.one(remove("config.a"));
    group.one(put("config.d", "", { ttlMs: 1 }));
    group.tick(group.now + 4096 * 10);
    group.one({ ...remove("config.d"), purge: true });
  });
  expect(leader.heard()).toEqual([]);
  const told = leader.said.map(({ subject, body, headers }) => ({ subject, body, ...headers }));
  const at = (key: string) => `synod.kv.b.watch.config.${key}`;
  expect(told).toMatchObject([
    { subject: at("a"), body: "1", "Synod-Operation": "PUT" },
    { subject: at("a"), body: "", "Synod-Operation": "DEL" },
    { subject: at("d"), body: "", "Synod-Operation": "PUT" },
    { subject: at("d"), body: "", "Synod-Operation": "DEL", "Synod-Reason": "expired" },
    { subject: at("d"), body: "", "Synod-Operation": "DEL", "Synod-Reason": "purged" },
  ]);
  expect(told.map((headers) => Object.keys(headers).length)).toEqual([4, 4, 4, 5, 5]);
  expect(told.at(-1)).toMatchObject({
    "Synod-Revision": String(leader.group.replica.lastRevision),
  });
  leader.world.runFor(keyInterestMs);
  leader.apply(one("config.a", "2"));
  expect(leader.said.length).toBe(5);
});

test("watch subjects hear of no entry that an earlier leader may have told, the feed does", () => {
  const leader = serving(["b"]);
  leader.wantFeed();
  leader.isOwn = (slot) => slot > 1;
  leader.apply(one("k", "1"));
  leader.apply(one("k", "2"));
  expect(leader.said.map(({ body }) => body)).toEqual(["2"]);
  expect(leader.heard()).toEqual(["0 after 0:", "1 after 0: k=1", "2 after 1: k=2"]);
});

test("a bucket whose subjects the topology wants is told without being asked for", () => {
  const leader = serving(["b"]);
  leader.apply(one("k", "v"));
  expect(leader.said).toMatchObject([{ subject: "synod.kv.b.watch.k", body: "v" }]);
  expect(leader.heard()).toEqual([]);
});
