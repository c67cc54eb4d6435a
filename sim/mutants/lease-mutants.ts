/** Breakages of leases, reads, hand-overs and of the group's time. */
import { aimed, twoLeaders, wrongAnswers, type Mutant } from "./mutant.ts";

export const leaseMutants: readonly Mutant[] = [
  {
    name: "a leader reads whether or not its lease holds",
    patches: [
      {
        file: "actors/replica/reads.ts",
        find: "? reign.lease.holds(clock.monotonicMs(), clock.wallMs())",
        replace: "? true",
      },
    ],
    caughtBy: wrongAnswers,
    seeds: 10,
    options: aimed("deposed leader"),
  },
  {
    name: "a read that wants a quorum is answered without one",
    patches: [
      {
        file: "actors/replica/reads.ts",
        find: ": reign.lease.confirmedBeat >= beat;",
        replace: ": true;",
      },
    ],
    caughtBy: wrongAnswers,
    seeds: 10,
    options: aimed("deposed leader"),
  },
  {
    name: "an acceptor promises although another's lease stands",
    patches: [
      {
        file: "machines/acceptor/acceptor.ts",
        find: '{ guard: "leaseStandsInTheWay", actions: "rejectPrepareForLease" },',
        replace: "",
      },
    ],
    caughtBy: twoLeaders,
    seeds: 10,
    options: aimed("contested lead"),
  },
  {
    name: "a lease is forgotten in a restart",
    patches: [
      {
        file: "machines/acceptor/acceptor-memory.ts",
        find: "return this.#restarted && this.configuration.members.length > 1;",
        replace: "return false;",
      },
    ],
    caughtBy: twoLeaders,
    seeds: 10,
    options: aimed("lease outlived"),
  },
  {
    name: "a new leader reads before its first entry is chosen",
    patches: [
      {
        file: "actors/replica/reads.ts",
        find: "return certain ? Math.max(reign.window.commitIndex, reign.firstReadSlot) : undefined;",
        replace: "return certain ? reign.window.commitIndex : undefined;",
      },
    ],
    caughtBy: wrongAnswers,
    seeds: 10,
    options: aimed("death after an answer"),
  },
  {
    name: "a majority makes a lease, however few make a phase 1",
    patches: [
      {
        file: "machines/configuration.ts",
        find: "lease: members.length - phase1 + 1,",
        replace: "lease: Math.floor(members.length / 2) + 1,",
      },
    ],
    caughtBy: twoLeaders,
    seeds: 20,
    options: aimed("contested lead", "--nodes", "5", "--phase1", "2", "--phase2", "4"),
  },
  {
    name: "a lease counts from its acknowledgement",
    patches: [
      {
        file: "machines/proposer/lease.ts",
        find: "      ...sent,\n",
        replace: "      ...sent,\n      sentMs: acked.nowMs,\n",
      },
    ],
    caughtBy: twoLeaders,
    seeds: 10,
    options: aimed("late acknowledgements"),
  },
  {
    name: "a lease goes on while the machine is suspended",
    patches: [
      {
        file: "machines/proposer/lease.ts",
        find: "return Math.abs(wallMs - nowMs - this.#base.offsetMs) <= clockStepMsMax;",
        replace: "return wallMs >= 0;",
      },
    ],
    caughtBy: twoLeaders,
    seeds: 10,
    options: aimed("leader sleeps"),
  },
  {
    name: "a suspend ends a lease, unless it is acknowledged later",
    patches: [
      {
        file: "machines/proposer/lease.ts",
        find: "      ...sent,\n",
        replace: "      ...sent,\n      offsetMs: acked.wallMs - acked.nowMs,\n",
      },
    ],
    caughtBy: twoLeaders,
    seeds: 10,
    options: aimed("leader sleeps"),
  },
  {
    name: "a lease is kept through a hand-over",
    patches: [
      {
        file: "machines/proposer/proposer-memory.ts",
        find: "    this.#reign = undefined;\n    this.#successor = undefined;",
        replace:
          "    if (this.#successor !== undefined) return;\n    this.#reign = undefined;\n    this.#successor = undefined;",
      },
      {
        file: "machines/proposer/proposer-memory.ts",
        find: "    this.#serving = false;\n",
        replace: "",
      },
    ],
    caughtBy: twoLeaders,
    seeds: 10,
    options: aimed("hand-over in trouble"),
  },
  {
    name: "the leader's own clock is the group's time",
    patches: [
      {
        file: "machines/proposer/lease.ts",
        find: "wallMs: acked.memberWallMs,",
        replace: "wallMs: acked.wallMs,",
      },
    ],
    caughtBy: ["no single clock moves a group's time"],
    seeds: 10,
    options: aimed("clock a day ahead,crash"),
  },
  {
    name: "a key expires by the clock of whoever reads it",
    patches: [
      {
        file: "actors/replica/reads.ts",
        find: "        each: (told) => state.readEach(operations, told),",
        replace:
          "        each: (told) => state.readEach(operations, (result: any) => told(result?.version?.expiresAt > 0 && result.version.expiresAt <= revisionAt(this.#options.clock.wallMs()) ? { ...result, version: undefined } : result)),",
      },
    ],
    caughtBy: wrongAnswers,
    seeds: 5,
    options: aimed("clock jump,clock drift"),
  },
];
