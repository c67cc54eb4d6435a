/**
 * The proposer: it campaigns when no leader is heard, and leads while its ballot and its lease hold. It sees one
 * event per batch of operations, never an operation.
 */
import { setup } from "xstate";
import type { ProposerEvent } from "./proposer-events.ts";
import type { Proposer } from "./proposer-memory.ts";

export interface ProposerContext {
  readonly memory: Proposer;
}

const givenByRules = (): never => {
  throw new Error("proposer-rules.ts provides the bodies");
};

export const proposerMachine = setup({
  types: {
    context: {} as ProposerContext,
    events: {} as ProposerEvent,
    input: {} as ProposerContext,
  },
  guards: {
    leaderIsCurrent: givenByRules,
    leaderIsNewer: givenByRules,
    electionIsDue: givenByRules,
    handedOverByTheLeader: givenByRules,
    hasPreVoteQuorum: givenByRules,
    hasOwnPromise: givenByRules,
    hasPhase1Quorum: givenByRules,
    mustLearnFirst: givenByRules,
    hasLearned: givenByRules,
    campaignIsHopeless: givenByRules,
    campaignMayResend: givenByRules,
    heartbeatIsDue: givenByRules,
    resendIsDue: givenByRules,
    preferenceIsDue: givenByRules,
    holdBackIsOver: givenByRules,
    handOverIsDue: givenByRules,
    patienceIsOver: givenByRules,
    promisedHigherElsewhere: givenByRules,
    refusedButAcknowledged: givenByRules,
    refusedButAccepted: givenByRules,
    refusedByTooMany: givenByRules,
    quorumIsLost: givenByRules,
    proposalIsStuck: givenByRules,
    preferredLeaderIsReady: givenByRules,
    successorVotes: givenByRules,
    nothingInFlight: givenByRules,
  },
  actions: {
    forgetDeadlines: givenByRules,
    awaitLeader: givenByRules,
    noteLeader: givenByRules,
    noteRound: givenByRules,
    forgetLeader: givenByRules,
    rememberEnded: givenByRules,
    askForPreVotes: givenByRules,
    notePreVote: givenByRules,
    resendCampaign: givenByRules,
    endCampaign: givenByRules,
    prepareOwnAcceptor: givenByRules,
    notePromise: givenByRules,
    prepareOthers: givenByRules,
    ascendThrone: givenByRules,
    learnFirst: givenByRules,
    takeOver: givenByRules,
    propose: givenByRules,
    countVotes: givenByRules,
    renewLease: givenByRules,
    sendHeartbeat: givenByRules,
    resendAccepts: givenByRules,
    awaitPreference: givenByRules,
    chooseSuccessor: givenByRules,
    choosePreferred: givenByRules,
    stopServing: givenByRules,
    abandonBallot: givenByRules,
    handOver: givenByRules,
    sayHandOver: givenByRules,
    holdBack: givenByRules,
  },
}).createMachine({
  id: "proposer",
  context: ({ input }) => ({ memory: input.memory }),
  initial: "dormant",
  on: {
    disable: { target: ".dormant" },
  },
  states: {
    dormant: {
      description:
        "May not campaign: the group is not born here yet, or the replica lacks applied state.",
      entry: ["abandonBallot", "forgetLeader", "forgetDeadlines"],
      on: {
        enable: { target: "following" },
        leaderSeen: { guard: "leaderIsCurrent", actions: "noteLeader" },
      },
    },
    following: {
      description: "Waits for a leader's heartbeats; their absence starts a campaign.",
      entry: ["abandonBallot", "awaitLeader"],
      on: {
        leaderSeen: { guard: "leaderIsCurrent", actions: ["noteLeader", "awaitLeader"] },
        deadline: [
          { guard: "electionIsDue", target: "preVoting", actions: "forgetLeader" },
          { guard: "handOverIsDue", actions: "sayHandOver" },
        ],
        handOver: {
          guard: "handedOverByTheLeader",
          target: "preVoting",
          actions: "rememberEnded",
        },
      },
    },
    preVoting: {
      description:
        "Asks whether a campaign could succeed, without promising or disturbing anything.",
      entry: "askForPreVotes",
      always: { guard: "hasPreVoteQuorum", target: "promising" },
      on: {
        preVoted: { actions: "notePreVote" },
        leaderSeen: { guard: "leaderIsCurrent", target: "following", actions: "noteLeader" },
        deadline: [
          { guard: "campaignIsHopeless", target: "following", actions: "endCampaign" },
          { guard: "campaignMayResend", actions: "resendCampaign" },
        ],
      },
    },
    promising: {
      description: "The own acceptor makes the new ballot durable before anybody hears of it.",
      entry: "prepareOwnAcceptor",
      always: { guard: "hasOwnPromise", target: "preparing" },
      on: {
        promised: { actions: "notePromise" },
        rejected: {
          guard: "promisedHigherElsewhere",
          target: "following",
          actions: ["noteRound", "endCampaign"],
        },
        leaderSeen: { guard: "leaderIsCurrent", target: "following", actions: "noteLeader" },
        deadline: { guard: "campaignIsHopeless", target: "following", actions: "endCampaign" },
      },
    },
    preparing: {
      description: "Phase 1 for all slots from the first that is not known chosen.",
      entry: "prepareOthers",
      always: [
        { guard: "mustLearnFirst", target: "learning" },
        { guard: "hasPhase1Quorum", target: "leading", actions: "ascendThrone" },
      ],
      on: {
        promised: { actions: "notePromise" },
        rejected: {
          guard: "promisedHigherElsewhere",
          target: "following",
          actions: ["noteRound", "endCampaign"],
        },
        leaderSeen: { guard: "leaderIsCurrent", target: "following", actions: "noteLeader" },
        deadline: [
          { guard: "campaignIsHopeless", target: "following", actions: "endCampaign" },
          { guard: "campaignMayResend", actions: "resendCampaign" },
        ],
      },
    },
    learning: {
      description:
        "Holds a phase 1 quorum, but some member knows more slots as chosen: they are learned before anything is proposed or read.",
      entry: ["ascendThrone", "learnFirst"],
      on: {
        caughtUp: { guard: "hasLearned", target: "leading" },
        heartbeatAcked: { actions: "renewLease" },
        rejected: {
          guard: "promisedHigherElsewhere",
          target: "following",
          actions: "noteRound",
        },
        leaderSeen: { guard: "leaderIsNewer", target: "following", actions: "noteLeader" },
        deadline: [
          { guard: "patienceIsOver", target: "holdingBack" },
          { guard: "heartbeatIsDue", actions: "sendHeartbeat" },
        ],
        disconnected: { target: "following" },
      },
    },
    leading: {
      description: "Proposes, and reads while its lease holds.",
      entry: ["takeOver", "awaitPreference"],
      exit: "stopServing",
      on: {
        propose: { actions: "propose" },
        accepted: { actions: "countVotes" },
        heartbeatAcked: { actions: "renewLease" },
        roundWanted: { actions: "sendHeartbeat" },
        rejected: [
          { guard: "refusedButAcknowledged", target: "promising", actions: "noteRound" },
          { guard: "refusedButAccepted", actions: "noteRound" },
          { guard: "refusedByTooMany", target: "following", actions: "noteRound" },
        ],
        leaderSeen: { guard: "leaderIsNewer", target: "following", actions: "noteLeader" },
        deadline: [
          { guard: "quorumIsLost", target: "following" },
          { guard: "proposalIsStuck", target: "holdingBack" },
          { guard: "heartbeatIsDue", actions: "sendHeartbeat" },
          { guard: "resendIsDue", actions: "resendAccepts" },
          {
            guard: "preferredLeaderIsReady",
            target: "handingOver",
            actions: "choosePreferred",
          },
          { guard: "preferenceIsDue", actions: "awaitPreference" },
        ],
        transfer: {
          guard: "successorVotes",
          target: "handingOver",
          actions: "chooseSuccessor",
        },
        disconnected: { target: "following" },
      },
    },
    handingOver: {
      description:
        "Neither reads nor proposes any more; what is in flight is still chosen, then the successor is told and the ballot is over.",
      always: { guard: "nothingInFlight", target: "following", actions: "handOver" },
      on: {
        accepted: { actions: "countVotes" },
        rejected: {
          guard: "promisedHigherElsewhere",
          target: "following",
          actions: "noteRound",
        },
        leaderSeen: { guard: "leaderIsNewer", target: "following", actions: "noteLeader" },
        deadline: [
          { guard: "patienceIsOver", target: "following" },
          { guard: "heartbeatIsDue", actions: "sendHeartbeat" },
          { guard: "resendIsDue", actions: "resendAccepts" },
        ],
        disconnected: { target: "following" },
      },
    },
    holdingBack: {
      description: "Stepped down because nothing moved; leaves the field to others for a while.",
      entry: ["abandonBallot", "holdBack"],
      on: {
        leaderSeen: { guard: "leaderIsCurrent", target: "following", actions: "noteLeader" },
        deadline: { guard: "holdBackIsOver", target: "following" },
      },
    },
  },
});
