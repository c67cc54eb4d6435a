/** The bodies of the proposer's named guards and actions. */
import { acting } from "../acting.ts";
import { proposerMachine } from "./proposer.ts";
import type { ProposerDeadline, ProposerEvent } from "./proposer-events.ts";
import type { Proposer } from "./proposer-memory.ts";

const on = acting<Proposer, ProposerEvent>();

/** Any event: all of them say when they were taken. */
type Any = ProposerEvent["type"];

function isDue(name: ProposerDeadline) {
  return on<"deadline", boolean>((_, deadline) => deadline.name === name);
}

export const proposerActor = proposerMachine.provide({
  guards: {
    leaderIsCurrent: on<"leaderSeen", boolean>((proposer, { ballot }) =>
      proposer.leaderIsCurrent(ballot),
    ),
    leaderIsNewer: on<"leaderSeen", boolean>((proposer, { ballot }) =>
      proposer.leaderIsNewer(ballot),
    ),
    electionIsDue: isDue("election"),
    handedOverByTheLeader: on<"handOver", boolean>((proposer, { ballot }) =>
      proposer.handedOverByTheLeader(ballot),
    ),
    hasPreVoteQuorum: ({ context }) => context.memory.hasPreVoteQuorum(),
    hasOwnPromise: ({ context }) => context.memory.hasOwnPromise(),
    hasPhase1Quorum: ({ context }) => context.memory.hasPhase1Quorum(),
    mustLearnFirst: ({ context }) => context.memory.mustLearnFirst(),
    hasLearned: ({ context }) => context.memory.hasLearned(),
    campaignIsHopeless: on<"deadline", boolean>(
      (proposer, { name }) => name === "campaign" && proposer.campaignIsHopeless(),
    ),
    campaignMayResend: isDue("campaign"),
    heartbeatIsDue: isDue("heartbeat"),
    resendIsDue: isDue("resend"),
    preferenceIsDue: isDue("preference"),
    holdBackIsOver: isDue("holdBack"),
    handOverIsDue: isDue("handOver"),
    patienceIsOver: isDue("patience"),
    promisedHigherElsewhere: on<"rejected", boolean>((proposer, rejected) =>
      proposer.promisedHigherElsewhere(rejected),
    ),
    refusedButAcknowledged: on<"rejected", boolean>((proposer, rejected) =>
      proposer.refusedButAcknowledged(rejected),
    ),
    refusedButAccepted: on<"rejected", boolean>((proposer, rejected) =>
      proposer.refusedButAccepted(rejected),
    ),
    refusedByTooMany: on<"rejected", boolean>((proposer, rejected) =>
      proposer.promisedHigherElsewhere(rejected),
    ),
    quorumIsLost: on<"deadline", boolean>(
      (proposer, { name, nowMs }) => name === "heartbeat" && proposer.quorumIsLost(nowMs),
    ),
    proposalIsStuck: on<"deadline", boolean>(
      (proposer, { name, nowMs }) => name === "resend" && proposer.proposalIsStuck(nowMs),
    ),
    preferredLeaderIsReady: on<"deadline", boolean>(
      (proposer, { name, nowMs }) =>
        name === "preference" && proposer.preferredLeaderIsReady(nowMs),
    ),
    successorVotes: on<"transfer", boolean>((proposer, { member, nowMs }) =>
      proposer.successorVotes(member, nowMs),
    ),
    nothingInFlight: ({ context }) => context.memory.nothingInFlight(),
  },
  actions: {
    forgetDeadlines: ({ context }) => context.memory.forgetDeadlines(),
    awaitLeader: on<Any>((proposer, { nowMs }) => proposer.awaitLeader(nowMs)),
    noteLeader: on<"leaderSeen">((proposer, { ballot, node }) => proposer.noteLeader(ballot, node)),
    noteRound: on<"rejected">((proposer, rejected) => proposer.noteRejection(rejected)),
    forgetLeader: ({ context }) => context.memory.forgetLeader(),
    rememberEnded: on<"handOver">((proposer, { ballot }) => proposer.rememberEnded(ballot)),
    askForPreVotes: on<Any>((proposer, { nowMs }) => proposer.askForPreVotes(nowMs)),
    notePreVote: on<"preVoted">((proposer, answer) => proposer.notePreVote(answer)),
    resendCampaign: on<Any>((proposer, { nowMs }) => proposer.resendCampaign(nowMs)),
    endCampaign: ({ context }) => context.memory.endCampaign(),
    prepareOwnAcceptor: on<Any>((proposer, { nowMs }) => proposer.prepareOwnAcceptor(nowMs)),
    notePromise: on<"promised">((proposer, promised) => proposer.notePromise(promised)),
    prepareOthers: on<Any>((proposer, { nowMs }) => proposer.prepareOthers(nowMs)),
    ascendThrone: on<Any>((proposer, event) => proposer.ascendThrone(event)),
    learnFirst: on<Any>((proposer, { nowMs }) => proposer.learnFirst(nowMs)),
    takeOver: on<Any>((proposer, { nowMs }) => proposer.takeOver(nowMs)),
    propose: on<"propose">((proposer, { entries, nowMs }) => proposer.propose(entries, nowMs)),
    countVotes: on<"accepted">((proposer, accepted) => proposer.countVotes(accepted)),
    renewLease: on<"heartbeatAcked">((proposer, acked) => proposer.renewLease(acked)),
    sendHeartbeat: on<Any>((proposer, event) => proposer.sendHeartbeat(event)),
    resendAccepts: on<Any>((proposer, { nowMs }) => proposer.resendAccepts(nowMs)),
    awaitPreference: on<Any>((proposer, { nowMs }) => proposer.awaitPreference(nowMs)),
    chooseSuccessor: on<"transfer">((proposer, { member, nowMs }) =>
      proposer.chooseSuccessor(member, nowMs),
    ),
    choosePreferred: on<Any>((proposer, { nowMs }) => proposer.choosePreferred(nowMs)),
    stopServing: ({ context }) => context.memory.stopServing(),
    abandonBallot: ({ context }) => context.memory.abandonBallot(),
    handOver: on<Any>((proposer, { nowMs }) => proposer.handOver(nowMs)),
    sayHandOver: on<Any>((proposer, { nowMs }) => proposer.sayHandOver(nowMs)),
    holdBack: on<Any>((proposer, { nowMs }) => proposer.holdBack(nowMs)),
  },
});
