/** The bodies of the acceptor's named guards and actions. */
import { acting } from "../acting.ts";
import { acceptorMachine } from "./acceptor.ts";
import type { Acceptor, AcceptorEvent } from "./acceptor-memory.ts";

const on = acting<Acceptor, AcceptorEvent>();

export const acceptorActor = acceptorMachine.provide({
  guards: {
    mayStillOweALease: ({ context }) => context.memory.mayStillOweALease(),
    guardIsOver: on<"deadline", boolean>((acceptor, { nowMs }) => acceptor.guardIsOver(nowMs)),
    promisedHigher: on<"prepare" | "accept", boolean>((acceptor, { ballot }) =>
      acceptor.promisedHigher(ballot),
    ),
    leaseStandsInTheWay: on<"prepare", boolean>((acceptor, { from, ended, nowMs }) =>
      acceptor.leaseStandsInTheWay(from.member, ended, nowMs),
    ),
    roundIsImplausible: on<"prepare" | "accept" | "heartbeat", boolean>((acceptor, { ballot }) =>
      acceptor.roundIsImplausible(ballot),
    ),
    alreadyChosenHere: on<"accept", boolean>((acceptor, { slot }) =>
      acceptor.alreadyChosenHere(slot),
    ),
    acceptedBefore: on<"accept", boolean>((acceptor, { ballot, slot }) =>
      acceptor.acceptedBefore(ballot, slot),
    ),
    followedAHigherBallot: on<"heartbeat", boolean>((acceptor, { ballot }) =>
      acceptor.followedAHigherBallot(ballot),
    ),
  },
  actions: {
    startGuard: ({ context }) => context.memory.startGuard(),
    announceVoting: ({ context }) => context.memory.announceVoting(),
    rejectPrepare: on<"prepare">((acceptor, { from, ballot }) => acceptor.reject(from, ballot)),
    rejectPrepareForLease: on<"prepare">((acceptor, prepare) => acceptor.rejectForLease(prepare)),
    rejectPrepareWhileGuarding: on<"prepare">((acceptor, prepare) =>
      acceptor.rejectWhileGuarding(prepare),
    ),
    reportImplausibleRound: on<"prepare" | "accept" | "heartbeat">((acceptor, { ballot, from }) =>
      acceptor.reportImplausibleRound(ballot, from),
    ),
    promise: on<"prepare">((acceptor, prepare) => acceptor.promiseTo(prepare)),
    rejectAccept: on<"accept">((acceptor, { from, ballot }) => acceptor.reject(from, ballot)),
    answerChosen: on<"accept">((acceptor, accept) => acceptor.answerChosen(accept)),
    answerAgain: on<"accept">((acceptor, accept) => acceptor.answerAgain(accept)),
    accept: on<"accept">((acceptor, accept) => acceptor.accept(accept)),
    passOnCommit: on<"accept" | "heartbeat">((acceptor, message) => acceptor.passOnCommit(message)),
    rejectHeartbeat: on<"heartbeat">((acceptor, { from, ballot }) => acceptor.reject(from, ballot)),
    grantLease: on<"heartbeat">((acceptor, heartbeat) => acceptor.grantLease(heartbeat)),
    refusePreVote: on<"preVote">((acceptor, preVote) => acceptor.refusePreVote(preVote)),
    answerPreVote: on<"preVote">((acceptor, preVote) => acceptor.answerPreVote(preVote)),
    releaseAnswers: on<"durable">((acceptor, { sequence }) => acceptor.releaseAnswers(sequence)),
    install: on<"install">((acceptor, { records, through }) => acceptor.install(records, through)),
    recordChosen: ({ context }) => context.memory.recordChosen(),
    noteCheckpoint: on<"checkpointed">((acceptor, { through }) => acceptor.noteCheckpoint(through)),
    trim: on<"heartbeat">((acceptor, { trimThrough }) => acceptor.trim(trimThrough)),
    trimToCheckpoint: ({ context }) => context.memory.trimToCheckpoint(),
  },
});
