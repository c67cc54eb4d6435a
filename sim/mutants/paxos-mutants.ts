/** Breakages of promises, votes, and of what is taken for chosen. */
import { aimed, splitLogs, type Mutant } from "./mutant.ts";

export const paxosMutants: readonly Mutant[] = [
  {
    name: "an acceptor answers before its disk has",
    patches: [
      {
        file: "machines/acceptor/acceptor-memory.ts",
        find: "if (answer.sequence <= this.#durable) this.#release(answer);",
        replace:
          'if (answer.type !== "chosen" || answer.sequence <= this.#durable) this.#release(answer);',
      },
    ],
    caughtBy: ["persist, then send"],
    seeds: 3,
    options: aimed("crash"),
  },
  {
    name: "what is accepted in the place of something else is answered before the disk has it",
    patches: [
      {
        file: "machines/acceptor/acceptor-memory.ts",
        find: "    this.#raisePromise(ballot);\n    const record: LogRecord = { epoch: ballot.epoch, slot, ballot, entry };\n",
        replace:
          "    this.#raisePromise(ballot);\n    const record: LogRecord = { epoch: ballot.epoch, slot, ballot, entry };\n    if (this.log.ballotOf(slot) !== undefined) this.#sendAccepted(from.node, ballot, slot);\n",
      },
    ],
    caughtBy: ["persist, then send", "only what is chosen is applied"],
    seeds: 5,
    options: aimed("short reign,lone leader restarts"),
  },
  {
    name: "an acceptor accepts whatever it has promised",
    patches: [
      {
        file: "machines/acceptor/acceptor.ts",
        find: '{ guard: "promisedHigher", actions: "rejectAccept" },',
        replace: "",
      },
    ],
    caughtBy: splitLogs,
    seeds: 10,
    options: aimed("late accepts"),
  },
  {
    name: "one vote less makes a value chosen",
    patches: [
      {
        file: "machines/proposer/proposal-window.ts",
        find: "if (proposal.votes.size >= this.#configuration.phase2) proposal.chosen = true;",
        replace:
          "if (proposal.votes.size >= this.#configuration.phase2 - 1) proposal.chosen = true;",
      },
    ],
    caughtBy: splitLogs,
    seeds: 5,
    options: aimed("lone leader restarts,partition"),
  },
  {
    name: "one promise less makes a leader",
    patches: [
      {
        file: "machines/proposer/campaign.ts",
        find: "return this.#promises.size >= quorumsOf(this.#configuration).phase1;",
        replace: "return this.#promises.size >= quorumsOf(this.#configuration).phase1 - 1;",
      },
    ],
    caughtBy: [...splitLogs, "one lease at a time"],
    seeds: 10,
    options: aimed("crash,partition,death after an answer"),
  },
  {
    name: "a ballot from before the restart is used again",
    patches: [
      {
        file: "machines/proposer/proposer-memory.ts",
        find: "const round = Math.max(this.#highestRound, this.#acceptor.promise.round) + 1;",
        replace:
          "const round = Math.max(this.#highestRound, this.#acceptor.promise.round) + (this.#attempts > 1 ? 1 : 0);",
      },
    ],
    caughtBy: ["a ballot belongs to one start", ...splitLogs],
    seeds: 10,
    options: aimed("quick restart,power failure"),
  },
  {
    name: "a restarted acceptor has forgotten what it promised",
    patches: [
      {
        file: "actors/replica/replica-memories.ts",
        find: "promise: stored.promise,",
        replace: "promise: { ...stored.promise, round: 0 },",
      },
    ],
    caughtBy: ["promises never go back", "a ballot belongs to one start", ...splitLogs],
    seeds: 5,
    options: aimed("quick restart,power failure"),
  },
  {
    name: "the first value an answer lists is proposed again, whatever its ballot",
    patches: [
      {
        file: "machines/proposer/campaign.ts",
        find: "if (best === undefined || compareBallots(record.ballot, best.ballot) > 0) {",
        replace: "if (best === undefined) {",
      },
    ],
    caughtBy: splitLogs,
    seeds: 20,
    options: aimed("short reign"),
  },
  {
    name: "a new leader fills slots that others know to be chosen",
    patches: [
      {
        file: "machines/proposer/proposer-memory.ts",
        find: "return campaign.hasPhase1Quorum && campaign.learnThrough > this.#log.chosenThrough;",
        replace: "return false;",
      },
    ],
    caughtBy: splitLogs,
    seeds: 5,
    options: aimed("lost chunks,death after an answer,partial partition"),
  },
  {
    name: "part of a promise counts as all of it",
    patches: [
      {
        file: "machines/proposer/campaign.ts",
        find: "if (answer.chunks.size < chunk.chunks) return;",
        replace: "",
      },
    ],
    caughtBy: splitLogs,
    seeds: 10,
    options: aimed("lost chunks"),
  },
  {
    name: "what was promised to an earlier ballot counts",
    patches: [
      {
        file: "machines/proposer/campaign.ts",
        find: "if (this.#ballot === undefined || compareBallots(chunk.ballot, this.#ballot) !== 0) return;",
        replace: "if (this.#ballot === undefined) return;",
      },
    ],
    caughtBy: splitLogs,
    seeds: 10,
    options: aimed("late promises"),
  },
  {
    name: "votes for an earlier ballot count for the later one",
    patches: [
      {
        file: "machines/proposer/proposer-memory.ts",
        find: '    if (compareBallots(ballot, reign.ballot) !== 0) return;\n    if (!reign.window.vote(from.member, slots)) return;\n    this.outbox.push({ type: "chosen", ballot, through: reign.window.commitIndex });',
        replace:
          '    if (compareBallots(ballot, reign.ballot) > 0) return;\n    if (!reign.window.vote(from.member, slots)) return;\n    this.outbox.push({ type: "chosen", ballot: reign.ballot, through: reign.window.commitIndex });',
      },
      {
        file: "machines/proposer/proposer-memory.ts",
        find: "if (reign === undefined || compareBallots(ballot, reign.ballot) !== 0) return true;",
        replace: "if (reign === undefined) return true;",
      },
    ],
    caughtBy: splitLogs,
    seeds: 10,
    options: aimed("late votes"),
  },
  {
    name: "what the commit index covers counts as chosen under any ballot",
    patches: [
      {
        file: "machines/learner/learner-memory.ts",
        find: "if (own === undefined || !sameBallot(own, ballot)) break;\n      chosen += 1;",
        replace: "if (own === undefined) break;\n      chosen += 1;",
      },
    ],
    caughtBy: splitLogs,
    seeds: 10,
    options: aimed("lone leader restarts,deposed leader,partition"),
  },
  {
    name: "a learner takes its own record for the one that was chosen",
    patches: [
      {
        file: "actors/replica/log-service.ts",
        find: "const same = asked !== undefined && sameBallot(asked, record.ballot);",
        replace: "const same = asked !== undefined;",
      },
      {
        file: "machines/learner/learner-memory.ts",
        find: "else if (own === undefined || !sameBallot(own, ballot)) break;",
        replace: "else if (own === undefined) break;",
      },
    ],
    caughtBy: splitLogs,
    seeds: 10,
    options: aimed("lone leader restarts,deposed leader,partition"),
  },
  {
    name: "recovery replays what was merely accepted",
    patches: [
      {
        file: "actors/replica/replica-memories.ts",
        find: "    chosenThrough: stored.chosenThrough,\n    trimmedThrough: stored.trimmedThrough,\n    unchosen: stored.unchosen,",
        replace:
          "    chosenThrough: stored.unchosen.reduce((through, { slot }) => (slot === through + 1 ? slot : through), stored.chosenThrough),\n    trimmedThrough: stored.trimmedThrough,\n    unchosen: [],",
      },
    ],
    caughtBy: splitLogs,
    seeds: 5,
    options: aimed("lone leader restarts"),
  },
  {
    name: "a record counts as written once it is applied",
    patches: [
      {
        file: "machines/replica-log.ts",
        find: "if (held !== undefined && held.sequence > this.#durableSequence) return;",
        replace: "",
      },
    ],
    caughtBy: splitLogs,
    seeds: 20,
    options: aimed("late teacher", "--nodes", "5"),
  },
  {
    name: "a member that is not needed is sent no entries",
    patches: [
      {
        file: "actors/replica/accept-courier.ts",
        find: "this.#order.slice(this.#options.needed)",
        replace: "this.#order.slice(this.#options.needed + 1)",
      },
    ],
    caughtBy: ["all accept while nothing is wrong"],
    seeds: 5,
    options: aimed("crash"),
  },
  {
    name: "what is held for a member waits until something else is said",
    patches: [
      {
        file: "actors/replica/accept-courier.ts",
        find: "    else this.#cancel ??= this.#options.clock.after(holdMs, () => this.flush());\n",
        replace: "",
      },
    ],
    caughtBy: ["all accept while nothing is wrong"],
    seeds: 5,
    options: aimed("crash"),
  },
];
