/** Breakages of what is durable, of checkpoints, and of telling one store from another. */
import { aimed, executedTwice, splitLogs, wrongAnswers, type Mutant } from "./mutant.ts";

export const storageMutants: readonly Mutant[] = [
  {
    name: "a failed flush counts as one that worked",
    patches: [
      {
        file: "actors/replica/acceptor-host.ts",
        find: "      if (failure !== undefined) return links.storageFailed(failure);\n",
        replace: "",
      },
    ],
    caughtBy: ["a failed disk silences its node", "persist, then send"],
    seeds: 5,
    options: aimed("failed flush"),
  },
  {
    name: "blocks of the state are not looked at for damage",
    patches: [
      {
        file: "infra/state-store/block-format.ts",
        find: 'if (!isIntact) throw corrupt(run, number, "fails its checksum");',
        replace: "",
      },
    ],
    caughtBy: splitLogs,
    seeds: 20,
    options: aimed("flipped bit in the state,misplaced block,restart of all"),
  },
  {
    name: "records of the log are not looked at for damage",
    patches: [
      {
        file: "infra/log-store/record-format.ts",
        find: "if (value.length < lengthMin || value.readUInt32BE(0) !== checksum(key, value)) {",
        replace: "if (value.length < lengthMin) {",
      },
    ],
    caughtBy: splitLogs,
    seeds: 5,
    options: aimed("flipped bit in the log,misplaced record,restart of all"),
  },
  {
    name: "a checkpoint is valid before the log knows what it contains to be chosen",
    patches: [
      {
        file: "machines/checkpointer/checkpointer-memory.ts",
        find: "return this.#cut !== undefined && this.#written && this.#chosenDurableThrough >= this.#cut;",
        replace: "return this.#cut !== undefined && this.#written;",
      },
    ],
    caughtBy: ["a checkpoint waits for the log", "replicas stop only for faults"],
    seeds: 10,
    options: aimed("slow disks,crash around a checkpoint"),
  },
  {
    name: "the log is trimmed past the last checkpoint",
    patches: [
      {
        file: "machines/acceptor/acceptor-memory.ts",
        find: "      trimThrough,\n      this.#checkpointThrough,\n",
        replace: "",
      },
    ],
    caughtBy: ["only what a checkpoint holds is trimmed"],
    seeds: 3,
    options: aimed("crash"),
  },
  {
    name: "the log is trimmed behind the furthest member",
    patches: [
      {
        file: "machines/proposer/lease.ts",
        find: "  checkpointedEverywhere(): Slot {\n    return Math.min(",
        replace: "  checkpointedEverywhere(): Slot {\n    return Math.max(",
      },
    ],
    caughtBy: ["what a member has yet to read is not trimmed"],
    seeds: 3,
    options: aimed("crash"),
  },
  {
    name: "sessions are left out of checkpoints",
    patches: [
      {
        file: "kv/state/state-cut.ts",
        find: "if (of === space.session) return this.#sessions.cells();",
        replace: "if (of === space.session) return new ListedCells([]);",
      },
    ],
    caughtBy: [
      ...executedTwice,
      ...wrongAnswers,
      "replicas hold what the log says",
      "replicas apply alike",
    ],
    seeds: 10,
    options: aimed("answers lost"),
  },
  {
    name: "a session's floor is left out of checkpoints",
    patches: [
      {
        file: "infra/codec/cell-codec.ts",
        find: "writer.integer(floor);",
        replace: "writer.integer(0);",
      },
    ],
    caughtBy: [
      ...executedTwice,
      ...wrongAnswers,
      "replicas hold what the log says",
      "replicas apply alike",
    ],
    seeds: 10,
    options: aimed("late frames"),
  },
  {
    name: "identities of raw requests are left out of checkpoints",
    patches: [
      {
        file: "kv/state/state-cut.ts",
        find: "if (of === space.request) return new ListedCells(this.#requests);",
        replace: "if (of === space.request) return new ListedCells([]);",
      },
    ],
    caughtBy: [
      ...executedTwice,
      ...wrongAnswers,
      "replicas hold what the log says",
      "replicas apply alike",
    ],
    seeds: 20,
    options: aimed("answers lost"),
  },
  {
    name: "an emptied log goes on under its old name",
    patches: [
      {
        file: "infra/log-store/store-identity.ts",
        find: "  if (inside === undefined) {\n",
        replace:
          "  if (inside === undefined && beside !== undefined) {\n    return { ...beside, incarnation: beside.incarnation + 1 };\n  }\n  if (inside === undefined) {\n",
      },
    ],
    caughtBy: ["a lost store never votes", "promises never go back", ...splitLogs],
    seeds: 10,
    options: aimed("lost log,reformat"),
  },
  {
    name: "a store that was copied back is not told so",
    patches: [
      {
        file: "machines/node/node-memory.ts",
        find: "return met.member === own.member && !canHaveHad(own, met);",
        replace: "return met.member < 0 && !canHaveHad(own, met);",
      },
      {
        file: "machines/node/node-memory.ts",
        find: "member === own.member && incarnation < own.incarnation",
        replace: "member < 0 && incarnation < own.incarnation",
      },
    ],
    caughtBy: ["a restored store takes no part", "promises never go back", "liveness"],
    seeds: 10,
    options: aimed("restored store"),
  },
  {
    name: "a copied store that restarts in time is one that went on",
    patches: [
      {
        file: "machines/node/start.ts",
        find: "known === undefined || known === other.start",
        replace: "known !== other.start || known === other.start",
      },
    ],
    caughtBy: ["a restored store takes no part", "promises never go back"],
    seeds: 10,
    options: aimed("restored store"),
  },
  {
    name: "a store that was copied back is told so once",
    patches: [
      {
        file: "actors/node/node-host.ts",
        find: "    requireOwnStartsOnly(logStore);\n",
        replace: "",
      },
      {
        file: "machines/node/start.ts",
        find: "earlierStartsMax = 100",
        replace: "earlierStartsMax = 0",
      },
    ],
    caughtBy: ["a restored store takes no part", "promises never go back"],
    seeds: 10,
    options: aimed("restored store,quick restart"),
  },
  {
    name: "entries are applied out of order",
    patches: [
      {
        file: "actors/replica/applier.ts",
        find: "const { slot, entry: bytes } = this.#record(state.appliedThrough + 1);",
        replace:
          "const slot = state.appliedThrough + 1;\n    const later = this.#options.log.get(slot + 1);\n    const { entry: bytes } = slot < this.#target && later !== undefined ? later : this.#record(slot);",
      },
    ],
    caughtBy: [
      "entries are applied in order",
      "only what is chosen is applied",
      "replicas apply alike",
      "replicas hold what the log says",
      ...wrongAnswers,
    ],
    seeds: 5,
    options: aimed("loss,crash"),
  },
];
