/** Scenes in which what members said to each other arrives late: when it means something else, or nothing any more. */
import type { SimulatedMessage } from "../../infra/transport/simulated-transport.ts";
import { sameBallot, type Ballot } from "../../machines/ballot.ts";
import { castFor, isLedByOneOf, lookMs, names } from "./cast.ts";
import { siftGroup } from "./peer-sieve.ts";
import { between, bringDown, startLater, type Fault } from "./stage.ts";

export const lateScenes = {
  /**
   * What followers acknowledge is held up while they still hear the leader; it arrives when they have waited for the
   * end of its lease and follow another, and nothing else does.
   */
  "late acknowledgements": (stage) => {
    const { cluster, randomness } = stage;
    const cast = castFor(stage);
    if (cast === undefined) return false;
    const { group, leader, followers } = cast;
    const { network, sequels } = cluster;
    for (const name of names(followers)) network.clog(name, leader.name);
    siftGroup(
      network,
      group,
      ({ message, to }) => to === leader.name && message.type !== "heartbeatAcked",
    );
    sequels.later(between(randomness, 100, 300), () => {
      for (const name of names(followers)) network.cut(leader.name, name);
      sequels.once(
        lookMs,
        () => isLedByOneOf(followers, group),
        () => {
          for (const name of names(followers)) network.unclog(name, leader.name);
          stage.strikes();
        },
      );
    });
    return false;
  },

  /**
   * What the leader proposes is held up until the others follow another, and arrives then; of what they say it only
   * hears that they accepted.
   */
  "late accepts": (stage) => {
    const { cluster } = stage;
    const cast = castFor(stage);
    if (cast === undefined) return false;
    const { group, leader, followers } = cast;
    const { network, sequels } = cluster;
    for (const name of names(followers)) network.clog(leader.name, name);
    siftGroup(
      network,
      group,
      ({ message, to }) => to === leader.name && message.type !== "accepted",
    );
    sequels.once(
      lookMs,
      () => isLedByOneOf(followers, group),
      () => {
        for (const name of names(followers)) network.unclog(leader.name, name);
        stage.strikes();
      },
    );
    return false;
  },

  /**
   * What voters promised a candidate is held up. The old leader leads on with them, and dies; the candidate tries again,
   * under another ballot, and hears what was promised to the first one instead of what is promised now.
   */
  "late promises": (stage) => {
    const { cluster, randomness } = stage;
    const cast = castFor(stage);
    const [candidate, ...voters] = cast?.followers ?? [];
    if (cast === undefined || candidate === undefined) return false;
    const { group, leader } = cast;
    const { network, sequels } = cluster;
    const held: SimulatedMessage[] = [];
    let act: "first try" | "interlude" | "second try" | "late" = "first try";
    const heal = (one: string, others: readonly string[]): void => {
      for (const other of others) {
        network.heal(one, other);
        network.heal(other, one);
      }
    };
    const tryAgain = (): void => {
      act = "second try";
      bringDown(stage, leader);
      heal(candidate.name, names(voters));
    };
    const leadOn = (): void => {
      act = "interlude";
      network.partition([candidate.name], [leader.name, ...names(voters)]);
      heal(leader.name, names(voters));
      sequels.once(
        lookMs,
        () => isLedByOneOf([leader], group),
        () => sequels.later(between(randomness, 50, 200), tryAgain),
      );
    };
    const sayLate = (): void => {
      for (const { sender, subject, payload } of held) {
        network.repeat(sender.process.name, subject, payload);
      }
      stage.strikes();
    };
    network.partition([leader.name], names(cast.followers));
    siftGroup(network, group, ({ message, from, to, sent }) => {
      if (message.type === "preVote") return from !== candidate.name && from !== leader.name;
      if (message.type !== "promised" || from === to || to !== candidate.name) return false;
      if (act === "late") return !held.some(({ payload }) => payload === sent.payload);
      if (act === "first try") {
        if (held.length === 0) sequels.later(5, leadOn);
        held.push(sent);
      } else if (act === "second try") {
        act = "late";
        sequels.later(1, sayLate);
      }
      return true;
    });
    return false;
  },

  /**
   * What voters accepted of the leader's last entries is held up. It loses power before its own disk has them, leads
   * again with the help of the others, proposes something else in their places, and hears those votes, and no others.
   */
  "late votes": (stage) => {
    const { cluster, randomness } = stage;
    const cast = castFor(stage);
    if (cast === undefined) return false;
    const { group, leader, followers, phase2 } = cast;
    const { network, sequels } = cluster;
    const voters = new Set(names(followers.slice(0, phase2 - 1)));
    const held: SimulatedMessage[] = [];
    let first: Ballot | undefined;
    let isLate = false;
    const restart = (): void => {
      leader.losePower(randomness);
      leader.flushSlowdown = 1;
      startLater(stage, leader, between(randomness, 1, 15));
    };
    const sayLate = (): void => {
      for (const { sender, subject, payload } of held) {
        network.repeat(sender.process.name, subject, payload);
      }
      stage.strikes();
    };
    leader.flushSlowdown = between(randomness, 500, 1_000);
    siftGroup(network, group, ({ message, from, to, sent }) => {
      if (message.type === "preVote") return from !== leader.name;
      if (message.type === "promised") return voters.has(from);
      if (message.type === "accept") {
        first ??= message.ballot;
        if (sameBallot(message.ballot, first)) return !voters.has(to);
        if (!isLate) sequels.later(2, sayLate);
        isLate = true;
        return true;
      }
      if (message.type !== "accepted") return false;
      if (isLate) return !held.some(({ payload }) => payload === sent.payload);
      if (held.length === 0) sequels.later(between(randomness, 5, 40), restart);
      held.push(sent);
      return true;
    });
    return false;
  },
} as const satisfies Record<string, Fault>;
