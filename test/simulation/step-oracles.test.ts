/** What is looked at while a run goes on: each of these finds what it is for. */
import { describe, expect, test } from "vitest";
import type { Envelope, PeerMessage } from "../../infra/codec/peer-codec.ts";
import { changeOperation, type Change } from "../../kv/change.ts";
import type { Ballot } from "../../machines/ballot.ts";
import type { LogRecord } from "../../machines/record.ts";
import { Calm } from "../../sim/calm.ts";
import { AppliedEntries } from "../../sim/oracles/applied-entries.ts";
import { BallotOwners } from "../../sim/oracles/ballot-owners.ts";
import { ChosenValues } from "../../sim/oracles/chosen-values.ts";
import { DurableProgress } from "../../sim/oracles/durable-progress.ts";
import { Incarnations } from "../../sim/oracles/incarnations.ts";
import { LeaseHolders } from "../../sim/oracles/lease-holders.ts";
import { PersistThenSend } from "../../sim/oracles/persist-then-send.ts";
import { PromptAcceptances } from "../../sim/oracles/prompt-acceptances.ts";
import { requireFault } from "../../sim/oracles/reasons-to-stop.ts";
import { checkChangesOwned, checkOwners } from "../../sim/oracles/region-owners.ts";
import { verdictOf } from "./support/told.ts";

function ballot(round: number, member = 1): Ballot {
  return { epoch: 1, round, member };
}

function entry(text: string): Uint8Array {
  return Buffer.from(text);
}

function record(slot: number, text: string, at = ballot(1)): LogRecord {
  return { epoch: 1, slot, ballot: at, entry: entry(text) };
}

/** What came of the last of these; the others must be true. */
function last(...steps: readonly (() => void)[]): string {
  const verdicts = steps.map(verdictOf);
  expect(verdicts.slice(0, -1)).toEqual(steps.slice(0, -1).map(() => "true"));
  return verdicts.at(-1) ?? "nothing";
}

describe("chosen values", () => {
  const chosen = (): ChosenValues => new ChosenValues(() => 2);
  test("a slot has one of them", () => {
    const values = chosen();
    const steps = [
      () => values.noteDurable("n1", "g", { records: [record(1, "a")] }),
      () => values.noteDurable("n2", "g", { records: [record(1, "a")] }),
      () => values.noteDurable("n1", "g", { records: [record(1, "b", ballot(2))] }),
    ];
    expect(last(...steps)).toBe("true");
    expect(values.chosenAt("g", 1)).toEqual(entry("a"));
    expect(
      verdictOf(() => values.noteDurable("n3", "g", { records: [record(1, "b", ballot(2))] })),
    ).toBe("one value is chosen per slot");
  });

  test("a ballot proposes one per slot", () => {
    const values = chosen();
    expect(
      last(
        () => values.noteDurable("n1", "g", { records: [record(1, "a")] }),
        () => values.noteDurable("n2", "g", { records: [record(1, "b")] }),
      ),
    ).toBe("a ballot proposes one value");
  });
});

describe("applied entries", () => {
  const state = (slot: number, value: number) => ({
    appliedThrough: slot,
    checksum: { slot, value },
  });
  const applied = (): AppliedEntries => new AppliedEntries((_, slot) => slot < 9);

  test("replicas come to the same state, each in its time", () => {
    const entries = applied();
    const step = (node: string, slot: number, value: number) => () =>
      entries.note(node, "g", state(slot, value));
    const both = [step("n1", 1, 10), step("n1", 2, 20), step("n2", 1, 10)];
    expect(last(...both, step("n2", 2, 20))).toBe("true");
    expect(entries.compared).toBe(2);
    expect(last(step("n3", 2, 21))).toBe("replicas apply alike");
  });

  test("what is not chosen is not applied, and nothing is left out", () => {
    const entries = applied();
    expect(last(() => entries.note("n1", "g", state(9, 1)))).toBe("only what is chosen is applied");
    const order = applied();
    const first = () => order.note("n1", "g", state(1, 1));
    expect(last(first, () => order.note("n1", "g", state(3, 1)))).toBe(
      "entries are applied in order",
    );
    expect(last(first)).toBe("entries are applied in order");
    order.noteStart("n1", "g");
    expect(last(first)).toBe("true");
  });
});

describe("durable progress", () => {
  const back = "durable state never goes back";
  /** Slots 1 to 3 are chosen, and on the disk; 2 of them are known to be. */
  function progress(hurt = false, members: readonly string[] = ["n1"]): DurableProgress {
    const found = new DurableProgress(
      (_, slot) => (slot <= 3 ? entry(`v${slot}`) : undefined),
      () => hurt,
      () => members,
    );
    const records = [1, 2, 3].map((slot) => record(slot, `v${slot}`));
    found.noteDurable("n1", "g", { records }, { chosenThrough: 2, trimmedThrough: 0 });
    found.noteCheckpoint("n1", "g", 2);
    return found;
  }
  const durable = (
    found: DurableProgress,
    chosenThrough: number,
    trimmedThrough: number,
    records: readonly LogRecord[] = [],
  ) => {
    const change = { records, ...(trimmedThrough > 0 ? { trimThrough: trimmedThrough } : {}) };
    return verdictOf(() => {
      found.noteDurable("n1", "g", change, { chosenThrough, trimmedThrough });
    });
  };

  test("goes forward", () => {
    const found = progress();
    expect(durable(found, 3, 2)).toBe("true");
    expect(found.confirmed).toBe(3);
    expect(durable(progress(), 1, 0)).toBe(back);
    expect(durable(progress(true), 1, 0)).toBe("true");
    expect(durable(found, 3, 1)).toBe(back);
    expect(verdictOf(() => found.noteOpened("n1", "g", 1))).toBe(back);
    expect(verdictOf(() => found.noteCheckpoint("n1", "g", 1))).toBe(back);
    expect(verdictOf(() => found.noteOpened("n1", "g", 2))).toBe("true");
  });

  test("what is known chosen is, as it is written there", () => {
    const wrong = "what is known chosen is chosen";
    expect(durable(progress(), 4, 0, [record(4, "v4")])).toBe(wrong);
    expect(durable(progress(), 3, 0, [record(3, "other")])).toBe(wrong);
  });

  test("only a durable checkpoint lets the log be trimmed", () => {
    const wrong = "only what a checkpoint holds is trimmed";
    expect(durable(progress(), 3, 2)).toBe("true");
    expect(durable(progress(), 3, 3)).toBe(wrong);
    const ahead = progress();
    ahead.noteCheckpoint("n1", "g", 3);
    expect(durable(ahead, 2, 3)).toBe(wrong);
  });

  test("the log keeps what one of the members has had in no checkpoint yet", () => {
    const wrong = "what a member has yet to read is not trimmed";
    const found = progress(false, ["n1", "n2"]);
    found.noteCheckpoint("n2", "g", 1);
    expect(durable(found, 3, 1)).toBe("true");
    expect(durable(found, 3, 2)).toBe(wrong);
    // What it had once it can have again: a disk that lost something is no reason to keep all for ever.
    const lost = progress(true, ["n1", "n2"]);
    lost.noteCheckpoint("n2", "g", 2);
    lost.noteOpened("n2", "g", 0);
    expect(durable(lost, 3, 2)).toBe("true");
  });

  test("a checkpoint waits until the log knows its slots chosen", () => {
    const head = { chosenThrough: 2, trimmedThrough: 0 };
    expect(verdictOf(() => progress().noteSwitching("n1", "g", 2, head))).toBe("true");
    expect(verdictOf(() => progress().noteSwitching("n1", "g", 3, head))).toBe(
      "a checkpoint waits for the log",
    );
  });
});

test("of a group's replicas one holds a lease", () => {
  const holds = { leadsWithLease: true };
  const replicas = new Map([
    ["n1", holds],
    ["n2", { leadsWithLease: false }],
  ]);
  const leases = new LeaseHolders(() => replicas);
  expect(verdictOf(() => leases.look("n1", "g", holds))).toBe("true");
  expect(leases.looked).toBe(1);
  replicas.set("n2", holds);
  expect(verdictOf(() => leases.look("n1", "g", holds))).toBe("one lease at a time");
});

const envelope: Envelope = {
  cluster: "c",
  group: "g",
  epoch: 1,
  member: 1,
  incarnation: 3,
  start: 77,
};

function heartbeat(at: Ballot): PeerMessage {
  return { type: "heartbeat", ballot: at } as PeerMessage;
}

test("a ballot is used by one start of its own member", () => {
  const check = "a ballot belongs to one start";
  const owners = new BallotOwners();
  const send = (at: Ballot, start = 77) =>
    verdictOf(() => owners.noteSent("n1", { ...envelope, start }, heartbeat(at)));
  expect(send(ballot(1))).toBe("true");
  expect(send(ballot(1))).toBe("true");
  expect(send(ballot(1), 78)).toBe(check);
  expect(send(ballot(2, 9))).toBe(check);
});

test("incarnations go up, unless a disk was put back", () => {
  const check = "incarnations go up";
  const incarnations = new Incarnations((node) => node === "hurt");
  const send = (incarnation: number, start: number, node = "n1") =>
    verdictOf(() => incarnations.noteSent(node, { ...envelope, incarnation, start }));
  expect(send(3, 77)).toBe("true");
  expect(send(4, 78)).toBe("true");
  expect(send(4, 79)).toBe(check);
  expect(send(3, 80)).toBe(check);
  expect(send(3, 80, "hurt")).toBe("true");
});

describe("persist, then send", () => {
  const promised = { type: "promised", ballot: ballot(5) } as PeerMessage;
  const accepted = { type: "accepted", ballot: ballot(5), slots: [1] } as unknown as PeerMessage;

  test("a promise leaves when it is on disk, and stays", () => {
    const watch = new PersistThenSend(new ChosenValues(() => 2));
    const send = () => watch.noteSent("n1", "g", promised);
    expect(last(send)).toBe("persist, then send");
    expect(last(() => watch.noteDurable("n1", "g", { promise: ballot(5) }), send)).toBe("true");
    expect(last(() => watch.noteDurable("n1", "g", { promise: ballot(4) }))).toBe(
      "promises never go back",
    );
  });

  test("an acceptance leaves when the record is on disk, or chosen already", () => {
    const chosen = new ChosenValues(() => 2);
    const watch = new PersistThenSend(chosen);
    const send = () => watch.noteSent("n1", "g", accepted);
    const write = (node: string, round: number) => () =>
      chosen.noteDurable(node, "g", { records: [record(1, "a", ballot(round))] });
    expect(last(send)).toBe("persist, then send");
    expect(last(write("n1", 4), send)).toBe("persist, then send");
    expect(last(write("n1", 5), send)).toBe("true");
    expect(last(() => watch.noteSent("n3", "g", accepted))).toBe("persist, then send");
    expect(last(write("n2", 5), () => watch.noteSent("n3", "g", accepted))).toBe("true");
  });
});

test("a replica that stops because something threw is a bug", () => {
  const check = "replicas stop only for faults";
  const verdict = (what: string, details: Record<string, unknown>, isHurt = false) =>
    verdictOf(() => requireFault("n1", what, details, isHurt));
  expect(verdict("a replica stopped", { code: "STORAGE_FAILED", text: "disk" })).toBe("true");
  expect(verdict("a replica stopped", { code: "INTERNAL_ERROR", text: "x" })).toBe(check);
  expect(verdict("a replica stopped", { code: "INVARIANT_FAILED", text: "x" })).toBe(check);
  // Said of bytes that were damaged and read all the same, also where the disk is known to be damaged.
  expect(verdict("a replica stopped", { code: "INCOMPATIBLE_VERSION", text: "x" }, true)).toBe(
    check,
  );
  const anew = "the region manager failed and is started again";
  expect(verdict(anew, { reason: "x" })).toBe(check);
  for (const code of ["CORRUPT_STORE", "LOST_STORE", "RESTORED_STORE"]) {
    expect(verdict("a replica stopped", { code, text: "x" })).toBe(check);
    expect(verdict("a replica stopped", { code, text: "x" }, true)).toBe("true");
  }
});

test("every key has one owner", () => {
  const region = (start: string, end: string | undefined) => ({ id: 1, version: 1, start, end });
  const verdict = (...owned: readonly ReturnType<typeof region>[]) =>
    verdictOf(() => checkOwners(new Map(owned.map((own, at) => [`g${at}`, [own]]))));
  const check = "every key has one owner";
  expect(verdict(region("m", undefined), region("", "m"))).toBe("true");
  expect(verdict(region("", "m"), region("n", undefined))).toBe(check);
  expect(verdict(region("", "n"), region("m", undefined))).toBe(check);
  expect(verdict(region("", "m"))).toBe(check);
  expect(verdict(region("", undefined), region("m", undefined))).toBe(check);
});

test("a group changes keys that it owns, and no others", () => {
  const change = (key: string): Change => {
    const { put: operation } = changeOperation;
    const source = Buffer.from("text");
    return { key, revision: 1, operation, source, start: 0, end: source.length, expiresAt: 0 };
  };
  const verdict = (...keys: readonly string[]): string =>
    verdictOf(() => checkChangesOwned("g1", keys.map(change), (key) => key < "m"));
  expect(verdict("a", "l")).toBe("true");
  expect(verdict("a", "m")).toBe("every key has one owner");
});

describe("acceptances in the calm", () => {
  const calmFromMs = 1_000;
  function cluster() {
    const calm = new Calm();
    calm.begin(calmFromMs);
    const acceptances = new PromptAcceptances(calm, () => ["n1", "n2", "n3"]);
    const say = (node: string, message: PeerMessage, nowMs: number) => () =>
      acceptances.noteSent(node, "g", message, nowMs);
    return {
      calm,
      acceptances,
      proposed: (slot: number, nowMs: number, at = ballot(1)) => {
        const accept = { type: "accept", ballot: at, slot, commitIndex: 0, entry: entry("e") };
        return say("n1", accept as PeerMessage, nowMs);
      },
      accepted: (node: string, slot: number, nowMs: number, at = ballot(1)) => {
        const accepted = { type: "accepted", ballot: at, slots: [slot], chosenThrough: 0 };
        return say(node, accepted as PeerMessage, nowMs);
      },
    };
  }
  const forgotten = "all accept while nothing is wrong";

  test("come from every member, in time", () => {
    const { acceptances, proposed, accepted } = cluster();
    const both = [proposed(1, 3_000), accepted("n2", 1, 3_001), accepted("n3", 1, 3_012)];
    expect(last(...both, proposed(2, 4_000))).toBe("true");
    expect(acceptances.complete).toBe(1);
    expect(last(accepted("n2", 2, 4_001), proposed(3, 4_051))).toBe(forgotten);
  });

  test("do not come too late, nor under another ballot", () => {
    const late = cluster();
    const one = [late.proposed(1, 3_000), late.accepted("n2", 1, 3_001)];
    expect(last(...one, late.accepted("n3", 1, 3_051))).toBe(forgotten);
    const other = cluster();
    const two = [other.proposed(1, 3_000), other.accepted("n2", 1, 3_001)];
    const wrong = other.accepted("n3", 1, 3_002, ballot(2));
    expect(last(...two, wrong, other.proposed(2, 3_060))).toBe(forgotten);
  });

  test("of what is sent again come from whoever is asked", () => {
    const { acceptances, proposed, accepted } = cluster();
    const steps = [proposed(1, 1_500), accepted("n2", 1, 1_501), proposed(1, 3_000)];
    expect(last(...steps, proposed(1, 4_000))).toBe("true");
    expect(acceptances.complete).toBe(0);
  });

  test("are not asked for before all has settled, nor when something happens meanwhile", () => {
    const early = cluster();
    expect(last(early.proposed(1, 2_000), early.proposed(2, 2_099))).toBe("true");
    const disturbed = cluster();
    expect(last(disturbed.proposed(1, 3_000))).toBe("true");
    disturbed.calm.disturb(3_020);
    expect(last(disturbed.proposed(2, 3_100))).toBe("true");
    const ended = cluster();
    expect(last(ended.proposed(1, 3_000))).toBe("true");
    ended.calm.end();
    expect(last(ended.proposed(2, 3_100))).toBe("true");
  });
});
