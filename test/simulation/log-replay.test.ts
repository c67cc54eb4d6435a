/** What was told, held against a log that is played from nothing; and who may not speak at all. */
import { expect, test } from "vitest";
import { encodeFramesEntry } from "../../infra/codec/entry-codec.ts";
import { requestKind } from "../../infra/codec/formats.ts";
import type { PeerMessage } from "../../infra/codec/peer-codec.ts";
import { RequestEncoder } from "../../infra/codec/request-encoder.ts";
import { revisionAt } from "../../kv/revision.ts";
import { replay, type ReplayedGroup } from "../../sim/oracles/log-replay.ts";
import { Silence } from "../../sim/oracles/silence.ts";
import type { SimulatedNode } from "../../sim/simulated-node.ts";
import type { Recorded } from "../../sim/workload/history.ts";
import { found, get, missing, put, told, verdictOf } from "./support/told.ts";

const key = "default\0k";
const stamp = revisionAt(1_767_225_600_000);
/** The first unit of the entry: the revision behind its stamp. */
const written = stamp + 1;

/** One entry, of one frame, that puts `v`. */
function log(): ReplayedGroup {
  const envelope = {
    kind: requestKind.write,
    clusterId: "c",
    group: "g",
    session: "0123456789abcdef",
    born: stamp,
    number: 1,
    floor: 0,
  } as const;
  const frame = new RequestEncoder().writeFrame(envelope, [put(key, "v")]).slice();
  const regions = [{ id: 1, version: 1, start: "", end: undefined }];
  const entries = [encodeFramesEntry(stamp, [frame])];
  return { clusterId: "c", group: "g", regions, entries };
}

function verdict(...operations: readonly Recorded[]): string {
  return verdictOf(() => replay(log(), operations));
}

test("reads and writes are answered as the log has it, at their places", () => {
  expect(replay(log(), []).lastRevision).toBe(written);
  const at = (slot: number, index: number) => ({ at: [slot, index, written] as const });
  expect(verdict(told([0, 1], put(key, "v"), written, at(1, 0)))).toBe("true");
  expect(verdict(told([0, 1], put(key, "v"), written + 1, at(1, 0)))).toBe(
    "writes answer what the log says",
  );
  expect(verdict(told([0, 1], put(key, "v"), written, at(1, 1)))).toBe(
    "what was acknowledged is in the log",
  );
  expect(verdict(told([0, 1], get(key), found("v", written), at(1, 99_999)))).toBe("true");
  expect(verdict(told([0, 1], get(key), missing, at(0, 99_999)))).toBe("true");
  const wrong = "reads tell what the log says";
  expect(verdict(told([0, 1], get(key), missing, at(1, 99_999)))).toBe(wrong);
  expect(verdict(told([0, 1], get(key), found("v", written), at(0, 99_999)))).toBe(wrong);
  expect(verdict(told([0, 1], get(key), found("w", written), at(1, 99_999)))).toBe(wrong);
  expect(verdict(told([0, 1], get(key), found("v", written), at(2, 99_999)))).toBe(
    "reads see what was chosen",
  );
});

test("whose disk failed, whose log is lost, and who has no state says nothing that rests on it", () => {
  interface Condition {
    readonly failed?: boolean;
    readonly lostLog?: boolean;
    readonly needsSnapshot?: boolean;
  }
  const sent = (type: PeerMessage["type"], condition: Condition): string => {
    const { failed = false, lostLog = false, needsSnapshot = false } = condition;
    const host = { replica: () => ({ needsSnapshot }) };
    const node = { name: "n1", logDisk: { failed }, lostLog, host } as unknown as SimulatedNode;
    return verdictOf(() => new Silence().noteSent(node, "g", { type } as PeerMessage));
  };
  expect(sent("accepted", {})).toBe("true");
  expect(sent("accepted", { failed: true })).toBe("a failed disk silences its node");
  expect(sent("hello", { failed: true })).toBe("true");
  expect(sent("promised", { lostLog: true })).toBe("a lost store never votes");
  expect(sent("accepted", { needsSnapshot: true })).toBe("true");
  expect(sent("heartbeat", { needsSnapshot: true })).toBe("without state nobody leads");
});

test("an acknowledgement on a raw subject is one, too", () => {
  const reply = (failed: boolean, lostLog: boolean): string => {
    const node = { name: "n1", logDisk: { failed }, lostLog } as unknown as SimulatedNode;
    const payload = Buffer.from('{"revision":7}');
    return verdictOf(() => new Silence().noteReply(node, payload));
  };
  expect(reply(false, false)).toBe("true");
  expect(reply(true, false)).toBe("a failed disk silences its node");
  expect(reply(false, true)).toBe("without state nobody answers");
});
