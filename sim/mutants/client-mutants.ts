/** Breakages of exactly once, of what clients are told, and of watches. */
import { aimed, executedTwice, wrongAnswers, type Mutant } from "./mutant.ts";

export const clientMutants: readonly Mutant[] = [
  {
    name: "a frame at or below the floor is executed",
    patches: [
      {
        file: "kv/state/sessions.ts",
        find: "if (frame.number <= session.floor) return refuseStale(frame, session.floor);",
        replace: "",
      },
    ],
    caughtBy: executedTwice,
    seeds: 20,
    options: aimed("clog,delay,disconnect,leader stands still"),
  },
  {
    name: "a repeated frame is executed again",
    patches: [
      {
        file: "kv/state/sessions.ts",
        find: "if (answer !== undefined) return repeat(frame, answer);",
        replace: "",
      },
    ],
    caughtBy: executedTwice,
    seeds: 5,
    options: aimed("disconnect,broker restart,crash around an answer"),
  },
  {
    name: "a raw request is executed by two leaders in a row",
    patches: [
      {
        file: "kv/state/requests.ts",
        find: "if (of === kept.reply) return this.#replies;",
        replace: "if (of === kept.reply) return undefined;",
      },
    ],
    caughtBy: executedTwice,
    seeds: 40,
    options: aimed("late requests,crash,disconnect"),
  },
  {
    name: "a raw request is executed again under its message id",
    patches: [
      {
        file: "kv/state/requests.ts",
        find: "return of === kept.message ? this.#messages : undefined;",
        replace: "return undefined;",
      },
    ],
    caughtBy: executedTwice,
    seeds: 15,
    options: aimed("answers lost,disconnect"),
  },
  {
    name: "the refusal of one attempt speaks for all of them",
    patches: [
      {
        file: "client/core/frame.ts",
        find: "if (certain) this.noteUnheard(attempt);",
        replace: "if (certain) this.#open = [];",
      },
    ],
    caughtBy: ["not executed is the truth", ...executedTwice],
    seeds: 60,
    options: aimed("deposed leader,clog,crash around an answer"),
  },
  {
    name: "a frame is executed by whichever group leads where it arrives",
    patches: [
      {
        file: "actors/node/client-doors.ts",
        find: "replicaOf: (group) => replicas.get(group),",
        replace:
          "replicaOf: (group) => (replicas.get(group)?.leads === true ? undefined : [...replicas.values()].find(({ leads }) => leads)) ?? replicas.get(group),",
      },
      {
        file: "kv/replica-state.ts",
        find: "if (frame.group !== this.#group) {",
        replace: 'if (this.#group === "") {',
      },
    ],
    caughtBy: ["sessions keep their rules"],
    seeds: 10,
    options: aimed("crash,disconnect,drain"),
  },
  {
    name: "a group writes keys that it does not own",
    patches: [
      {
        file: "kv/execute/write-executor.ts",
        find: 'if (!regions.owns(put.key)) return failure("WRONG_REGION");',
        replace: "",
      },
    ],
    caughtBy: ["every key has one owner"],
    seeds: 5,
    options: aimed("crash,disconnect"),
  },
  {
    name: "a group answers for keys that it does not own",
    patches: [
      {
        file: "kv/execute/read-executor.ts",
        find: 'if (!regions.owns(key)) return failure("WRONG_REGION");',
        replace: "",
      },
    ],
    // What another group had at that place in its own log is an answer, too, and a wrong one.
    caughtBy: [...wrongAnswers, "answers agree on the log"],
    seeds: 5,
    options: aimed("crash,disconnect"),
  },
  {
    name: "a revision that a write expects is not looked at",
    patches: [
      {
        file: "kv/execute/write-executor.ts",
        find: "if (put.expectation !== expectNothing) {",
        replace: "if (put.expectation === absent) {",
      },
    ],
    caughtBy: ["every key is linearizable", "conflicts are what the log says"],
    seeds: 3,
    options: aimed("crash"),
  },
  {
    name: "what a transaction checks is not looked at",
    patches: [
      {
        file: "kv/execute/transaction-executor.ts",
        find: 'return holds ? undefined : failure("CONFLICT", position, actual);',
        replace: "return undefined;",
      },
    ],
    caughtBy: ["every key is linearizable"],
    seeds: 3,
    options: aimed("crash"),
  },
  {
    name: "whoever expects a revision is refused, whatever is there",
    patches: [
      {
        file: "kv/execute/write-executor.ts",
        find: 'if (actual !== put.expectation) return failure("CONFLICT", -1, actual);',
        replace: 'return failure("CONFLICT", -1, actual);',
      },
    ],
    caughtBy: ["conflicts are what the log says"],
    seeds: 2,
    options: aimed("crash"),
  },
  {
    name: "a watch takes every message for the one that follows",
    patches: [
      {
        file: "client/watch/strand.ts",
        find: "return this.#had !== nowhere && previousSlot <= this.#had;",
        replace: "return this.#had !== nowhere;",
      },
    ],
    caughtBy: ["watches tell what the log says"],
    seeds: 5,
    options: ["--faults", "loss,disconnect", "--faults-ms", "8000"],
  },
  {
    name: "a unit of which a watch has told one change counts as told",
    patches: [
      {
        file: "client/watch/strand.ts",
        find: "const isLast = changes[at + 1]?.revision !== change.revision;",
        replace: "const isLast = true;",
      },
    ],
    caughtBy: ["watches tell what the log says"],
    seeds: 15,
    options: ["--faults", "loss,disconnect", "--faults-ms", "8000"],
  },
  {
    name: "who does not publish does not notice what changed last",
    patches: [
      {
        file: "actors/feed/change-feed.ts",
        find: "    this.#lastChangedSlot = slot;\n    if (!this.#capturing) return;",
        replace: "    if (!this.#capturing) return;\n    this.#lastChangedSlot = slot;",
      },
    ],
    caughtBy: ["watches tell what the log says"],
    seeds: 10,
    options: ["--faults", "crash,disconnect,drain", "--faults-ms", "8000"],
  },
  {
    name: "a new leader tells watches nothing before they ask again",
    patches: [
      {
        file: "actors/feed/change-feed.ts",
        find: "    this.#serving = true;\n    this.interestHeard();",
        replace: "    this.#serving = true;",
      },
    ],
    caughtBy: ["watches are told in time"],
    seeds: 5,
    options: ["--faults", "crash,disconnect", "--faults-ms", "2000"],
  },
  {
    name: "only who leads remembers who watches",
    patches: [
      {
        file: "actors/node/client-doors.ts",
        find: "    if (replica === undefined) return;\n    this.changes.interests.wantFeed(group);",
        replace:
          "    if (replica?.leads !== true) return;\n    this.changes.interests.wantFeed(group);",
      },
    ],
    caughtBy: ["watches are told in time"],
    seeds: 5,
    options: ["--faults", "crash,disconnect", "--faults-ms", "2000"],
  },
];
