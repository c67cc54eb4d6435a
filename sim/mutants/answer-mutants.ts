/** Answers that claim more than is so, transactions in parts, lifetimes of their own, and elections without need. */
import { aimed, wrongAnswers, type Mutant } from "./mutant.ts";

const stale = ["stale reads are as new as they say"];

export const answerMutants: readonly Mutant[] = [
  {
    name: "a replica is as fresh as the newest heartbeat, applied or not",
    patches: [
      {
        file: "actors/replica/freshness.ts",
        find: "while (this.#ahead[0] !== undefined && this.#ahead[0].commitIndex <= appliedThrough) {",
        replace: "while (this.#ahead[0] !== undefined && appliedThrough >= 0) {",
      },
    ],
    caughtBy: stale,
    seeds: 10,
    options: aimed("loss,delay,clog,deafness"),
  },
  {
    name: "a stale read is answered whatever revision it has to hold",
    patches: [
      {
        file: "actors/replica/reads.ts",
        find: "if (state.lastRevision < minRevision) {",
        replace: "if (state.lastRevision < minRevision - Infinity) {",
      },
    ],
    caughtBy: stale,
    seeds: 5,
    options: aimed("loss,delay,clog"),
  },
  {
    name: "a stale read is answered however old it is",
    patches: [
      {
        file: "actors/replica/reads.ts",
        find: "if (maxAgeMs > 0 && ageMs > maxAgeMs) {",
        replace: "if (maxAgeMs > 0 && ageMs > 60_000 * maxAgeMs) {",
      },
    ],
    caughtBy: stale,
    seeds: 40,
    options: aimed("partition,deafness,clog"),
  },
  {
    name: "of a transfer the half that takes away is left out",
    patches: [
      {
        file: "kv/execute/transaction-executor.ts",
        find: "data.update(key, revision, bytes, 0, bytes.length, met?.expiresAt ?? 0);",
        replace:
          "if (operation.delta > 0) data.update(key, revision, bytes, 0, bytes.length, met?.expiresAt ?? 0);",
      },
    ],
    caughtBy: [
      "transactions take effect as a whole",
      "revisions are those of the log",
      "answers agree on the log",
      ...wrongAnswers,
    ],
    seeds: 3,
    options: aimed("crash"),
  },
  {
    name: "a key lives half as long as it was given",
    patches: [
      {
        file: "kv/state/data-space.ts",
        find: "const expiresAt = ttlMs === 0 ? 0 : revision + ttlMs * revisionsPerMs;",
        replace: "const expiresAt = ttlMs === 0 ? 0 : revision + (ttlMs / 2) * revisionsPerMs;",
      },
    ],
    caughtBy: ["keys expire when they are due"],
    seeds: 2,
    options: aimed("crash"),
  },
  {
    name: "an increment makes a key stay for ever",
    patches: [
      {
        file: "kv/execute/write-executor.ts",
        find: "data.update(key, revision, bytes, 0, bytes.length, current?.expiresAt ?? 0);",
        replace: "data.update(key, revision, bytes, 0, bytes.length, 0);",
      },
    ],
    caughtBy: ["keys expire when they are due"],
    seeds: 3,
    options: aimed("crash"),
  },
  {
    name: "whoever asks is told that it would be elected, whoever leads",
    patches: [
      {
        file: "machines/acceptor/acceptor-memory.ts",
        find: "      !this.leaseStandsInTheWay(from.member, ended, nowMs) &&\n      !this.#anotherCampaigns(from.member, nowMs) &&\n      this.log.trimmedThrough <= preVote.watermark;",
        replace: "      this.log.trimmedThrough <= preVote.watermark;",
      },
      {
        file: "machines/acceptor/acceptor.ts",
        find: '          { guard: "leaseStandsInTheWay", actions: "rejectPrepareForLease" },\n',
        replace: "",
      },
    ],
    caughtBy: [
      "leaders stay while nothing is wrong",
      "liveness",
      "one lease at a time",
      ...wrongAnswers,
    ],
    seeds: 10,
    options: aimed("one-way partition,deafness"),
  },
];
