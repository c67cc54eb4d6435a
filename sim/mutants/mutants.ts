/**
 * Bugs that the simulator has to find: each is a small change of one product file. A simulator that lets one of them
 * pass proves nothing about the rules that the mutant breaks.
 */

export interface Mutant {
  /** The rule as it is after the change. */
  readonly name: string;
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Checks that may catch it: by one of these names, not by whatever else goes wrong. */
  readonly caughtBy: readonly string[];
  /** Within so many seeds. */
  readonly seeds: number;
  /** Options of the simulator, beside the seeds. */
  readonly options?: readonly string[];
}

/** What it looks like when a replica tells what was not, or no longer, the case. */
const wrongAnswers = [
  "the log's order is that of real time",
  "reads tell what the log says",
  "reads see what was chosen",
  "every key is linearizable",
];
/** What it looks like when two values compete for a slot. */
const splitLogs = [
  "one value is chosen per slot",
  "a ballot proposes one value",
  "what was acknowledged is in the log",
  "replicas hold what the log says",
  "replicas stop only for faults",
  "writes answer what the log says",
  ...wrongAnswers,
];

export const mutants: readonly Mutant[] = [
  {
    name: "an acceptor answers before its disk has",
    file: "machines/acceptor/acceptor-memory.ts",
    find: "if (answer.sequence <= this.#durable) this.#release(answer);",
    replace:
      'if (answer.type !== "chosen" || answer.sequence <= this.#durable) this.#release(answer);',
    caughtBy: ["persist, then send"],
    seeds: 5,
  },
  {
    name: "an acceptor accepts whatever it has promised",
    file: "machines/acceptor/acceptor.ts",
    find: '{ guard: "promisedHigher", actions: "rejectAccept" },',
    replace: "",
    caughtBy: splitLogs,
    seeds: 100,
  },
  {
    name: "one vote less makes a value chosen",
    file: "machines/proposer/proposal-window.ts",
    find: "if (proposal.votes.size >= this.#configuration.phase2) proposal.chosen = true;",
    replace: "if (proposal.votes.size >= this.#configuration.phase2 - 1) proposal.chosen = true;",
    caughtBy: splitLogs,
    seeds: 40,
  },
  {
    name: "one promise less makes a leader",
    file: "machines/proposer/campaign.ts",
    find: "return this.#promises.size >= quorumsOf(this.#configuration).phase1;",
    replace: "return this.#promises.size >= quorumsOf(this.#configuration).phase1 - 1;",
    caughtBy: splitLogs,
    seeds: 40,
  },
  {
    name: "a ballot from before the restart is used again",
    file: "machines/proposer/proposer-memory.ts",
    find: "const round = Math.max(this.#highestRound, this.#acceptor.promise.round) + 1;",
    replace:
      "const round = Math.max(this.#highestRound, this.#acceptor.promise.round) + (this.#attempts > 1 ? 1 : 0);",
    caughtBy: ["a ballot belongs to one start", ...splitLogs],
    seeds: 40,
  },
  {
    name: "a restarted acceptor has forgotten what it promised",
    file: "actors/replica/replica-memories.ts",
    find: "promise: stored.promise,",
    replace: "promise: { ...stored.promise, round: 0 },",
    caughtBy: ["promises never go back", ...splitLogs],
    seeds: 20,
  },
  {
    name: "a frame at or below the floor is executed",
    file: "kv/state/sessions.ts",
    find: "if (frame.number <= session.floor) return refuseStale(frame, session.floor);",
    replace: "",
    caughtBy: ["nothing is executed twice", "every key is linearizable"],
    seeds: 100,
  },
  {
    name: "a repeated frame is executed again",
    file: "kv/state/sessions.ts",
    find: "if (answer !== undefined) return repeat(frame, answer);",
    replace: "",
    caughtBy: ["nothing is executed twice", "every key is linearizable"],
    seeds: 10,
  },
  {
    name: "sessions are left out of checkpoints",
    file: "kv/state/state-cut.ts",
    find: "if (of === space.session) return this.#sessions.cells();",
    replace: "if (of === space.session) return [].values();",
    caughtBy: ["nothing is executed twice", "replicas hold what the log says", ...wrongAnswers],
    seeds: 100,
  },
  {
    name: "a raw request is executed by two leaders in a row",
    file: "kv/state/requests.ts",
    find: "if (of === kept.reply) return this.#replies;",
    replace: "if (of === kept.reply) return undefined;",
    caughtBy: ["nothing is executed twice", "every key is linearizable"],
    seeds: 40,
    options: ["--faults", "late requests,crash,disconnect"],
  },
  {
    name: "a raw request is executed again under its message id",
    file: "kv/state/requests.ts",
    find: "return of === kept.message ? this.#messages : undefined;",
    replace: "return undefined;",
    caughtBy: ["nothing is executed twice", "every key is linearizable"],
    seeds: 10,
  },
  {
    name: "identities of raw requests are left out of checkpoints",
    file: "kv/state/state-cut.ts",
    find: "if (of === space.request) return this.#requests.values();",
    replace: "if (of === space.request) return [].values();",
    caughtBy: ["nothing is executed twice", "replicas hold what the log says", ...wrongAnswers],
    seeds: 40,
  },
  {
    name: "the refusal of one attempt speaks for all of them",
    file: "client/core/frame.ts",
    find: "if (certain) this.noteUnheard(attempt);",
    replace: "if (certain) this.#open = [];",
    caughtBy: ["not executed is the truth", "every key is linearizable"],
    seeds: 40,
  },
  {
    name: "the leader's own clock is the group's time",
    file: "machines/proposer/lease.ts",
    find: "wallMs: acked.memberWallMs,",
    replace: "wallMs: acked.wallMs,",
    caughtBy: ["no single clock moves a group's time"],
    seeds: 40,
  },
  {
    name: "a watch takes every message for the one that follows",
    file: "client/watch/strand.ts",
    find: "return this.#had !== nowhere && previousSlot <= this.#had;",
    replace: "return this.#had !== nowhere;",
    caughtBy: ["watches tell what the log says"],
    seeds: 5,
  },
  {
    name: "a unit of which a watch has told one change counts as told",
    file: "client/watch/strand.ts",
    find: "const isLast = changes[at + 1]?.revision !== change.revision;",
    replace: "const isLast = true;",
    caughtBy: ["watches tell what the log says"],
    seeds: 20,
  },
  {
    name: "who does not publish does not notice what changed last",
    file: "actors/feed/change-feed.ts",
    find: "    this.#lastChangedSlot = slot;\n    if (!this.#capturing) return;",
    replace: "    if (!this.#capturing) return;\n    this.#lastChangedSlot = slot;",
    caughtBy: ["watches tell what the log says"],
    seeds: 20,
  },
];
