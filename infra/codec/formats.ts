/**
 * The formats of requests, entries, replies and checkpoint cells. All of them are msgpack: positional arrays whose
 * first element is a format version. Every width of integer is understood, and a float whose value is a safe
 * integer counts as one; `str` and `bin` are interchangeable wherever bytes are meant. Extension types are
 * refused everywhere. What is written here uses the shortest width, uint64 above 2^32.
 *
 * A key is an internal key: bucket, zero byte, key. A bound of a range is any byte string; nil as start is the
 * first key, nil as end lies behind the last. An element marked `?` may be nil or, from the right, left out.
 *
 * **Request** (client to node), read without decoding its operations up to `operations`:
 *
 *     write  [1, 1, clusterId, group, session: bin 16, born, number, floor, operations]
 *     read   [1, 0, clusterId, group, consistency, minRevision, maxAgeMs, number, operations]
 *     route  [1, 2]
 *     interest  [1, 4, clusterId, group]
 *
 * and one that only nodes write, into entries, for a client that speaks on raw subjects:
 *
 *     raw    [1, 3, clusterId, group, identity: bin, kept, firstKey, hash, operations]
 *
 * `kept`: 0 the identity (16 bytes) was made of a reply subject, 1 of a message id, 2 there is none (0 bytes).
 * `consistency`: 0 lease, 1 quorum, 2 stale. Numbers count from 1.
 *
 * **Operations**; writes 1 to 5 in a writing frame, 6 to 8 in a reading one:
 *
 *     put          [1, key, value, ttlMs?, expectation?]
 *     delete       [2, key, expectation?, flags?]
 *     increment    [3, key, delta]
 *     deleteRange  [4, start, end, limit, cursor?]
 *     transaction  [5, checks, operations]       operations: put, delete, increment, get without revision
 *     get          [6, key, revision?, flags?]
 *     range        [7, start, end, limit, flags, revision?, cursor?]
 *     changes      [8, start, end, since, until, limit, flags, cursor?]
 *
 * `expectation`: the revision the key must have, 0 = it must not exist. `limit` 0 = a full page. `flags` of a
 * range: 1 reverse, 2 keys only; of a get: 1 a tombstone is answered too; of a delete: 1 purge; of changes: 1 whatever is kept, 2 keys only,
 * 4 of each key only the newest version. `until` nil = everything applied. The cursor of changes is `[key, below]`:
 * versions of the key from revision `below` on are done, 0 = all of them. **Checks**: `[0, key, revision]` (0 = absent), `[1, key]` exists, `[2, start, end, since]`
 * range unchanged since that revision.
 *
 * **Entry** (what a slot holds): `[1, kind, ...]`
 *
 *     no-op      [1, 0]
 *     tick       [1, 1, stamp]
 *     frames     [1, 2, stamp, [frame: bin, ...]]     each frame is a whole write or raw request
 *     watermark  [1, 3, stamp, revision]
 *
 * **Reply** (node to client):
 *
 *     executed  [1, 0, number, group, slot, index, lastRevision, asOf, results]
 *     refused   [1, 1, number, group, code: str, message: str, outcome, hint: str?]
 *
 * `slot` and `index` say where in the log the answer was decided: the frame's own place when it was first executed;
 * for a read the last slot applied, and an index behind all of its frames. `asOf` is a leader's stamp that the
 * answer is not older than, 0 where none is known. `outcome`: 0 not executed, 1 unknown. **Results**, one per operation:
 *
 *     put          revision
 *     delete       [2, revision, existed: bool]
 *     increment    [3, revision, value]
 *     deleteRange  [4, revision, deleted, cursor or nil]
 *     transaction  [5, revision, results]
 *     get          nil, or [6, revision, expiresAt, value, kind?]
 *     range        [7, cursor or nil, [key, revision, expiresAt, value, key, ...]]
 *     changes      [8, cursor or nil, [key, revision, expiresAt, kind, value, key, ...]]
 *     failed       [code: str, revision, position]
 *
 * `kind`: 0 a value, 1 a tombstone, whose `expiresAt` says why it stands there: 0 deleted, 1 purged, 2 expired. In answers
 * without values a `value` is the number of its bytes.
 *
 * **Feed** (leader to whoever watches), one message per applied entry with changes, and progress without:
 *
 *     feed   [1, clusterId, group, slot, previousSlot, resolved, interestMs, part, parts,
 *             [key, revision, operation, expiresAt, value, key, ...]]
 *
 * `operation`: 0 put, 1 delete, 2 expire, 3 purge. An entry whose changes do not fit into one message comes in `parts` of them,
 * `part` counting from 1; each carries the whole head.
 *
 * **Checkpoint cells**:
 *
 *     session  [1, born, floor, [[number, hash, slot, index, lastRevision, results], ...]]
 *     request  identity: 16 bytes, length: 4 bytes, [1, firstKey, hash, slot, index, lastRevision, results], the
 *              next one directly behind it
 *     replica  [1, slot, lastRevision, watermark, checksum, comparedSlot, comparedChecksum,
 *               [[id, version, start, end or nil], ...],
 *               directoryVersion, [[id, version, start, end or nil, group], ...]]
 */

export const requestVersion = 1;
export const entryVersion = 1;
export const replyVersion = 1;
export const cellVersion = 1;
export const feedVersion = 1;

export const requestKind = { read: 0, write: 1, route: 2, raw: 3, interest: 4 } as const;
export const replyKind = { executed: 0, refused: 1 } as const;

/** How fresh a read has to be. */
export const consistency = { lease: 0, quorum: 1, stale: 2 } as const;
export type Consistency = (typeof consistency)[keyof typeof consistency];

export const deleteFlag = { purge: 1 } as const;
export const getFlag = { tombstoneToo: 1 } as const;
export const changesFlag = { incompleteToo: 1, keysOnly: 2, newestOnly: 4 } as const;
export const rangeFlag = { reverse: 1, keysOnly: 2 } as const;

/** The index in the reply to a read: it saw all frames of the slot. */
export const behindAllFrames = 0xffff_ffff;

export const sessionIdBytes = 16;
export const requestIdBytes = 16;
/** Bytes of a cluster id or a group's name. */
export const nameBytesMax = 128;
