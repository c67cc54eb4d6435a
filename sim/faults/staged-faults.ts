/**
 * Whole scenes around the leader of one group: several faults in a chosen order, at chosen moments. Each is what it
 * takes to break a replica that lacks one rule; chance alone would need thousands of seeds for it.
 */
import type { SimulatedMessage } from "../../infra/transport/simulated-transport.ts";
import { isInboxSubject } from "../../infra/transport/subject.ts";
import type { SimulatedNode } from "../simulated-node.ts";
import { castFor, isLedByOneOf, leaseOverMs, lookMs, names } from "./cast.ts";
import { lateScenes } from "./late-scenes.ts";
import { siftGroup } from "./peer-sieve.ts";
import { between, bringDown, startLater, type Fault } from "./stage.ts";
import { Trap } from "./trap.ts";

export const stagedFaults = {
  /**
   * Some followers hear the leader no more and wait for the others' leases to end. Those restart within the lease that
   * they granted, and at that moment the leader is cut off from them as well.
   */
  "lease outlived": (stage) => {
    const { cluster, randomness } = stage;
    const cast = castFor(stage);
    if (cast === undefined) return false;
    const { leader, followers, phase1 } = cast;
    const far = followers.slice(0, phase1 - 1);
    const near = followers.slice(phase1 - 1);
    cluster.network.partition([leader.name], names(far));
    cluster.sequels.later(between(randomness, leaseOverMs.min, leaseOverMs.max), () => {
      cluster.network.partition([leader.name], names(near));
      for (const node of near) {
        bringDown(stage, node);
        startLater(stage, node, between(randomness, 1, 15));
      }
    });
    return true;
  },

  /**
   * The leader stands still until a candidate is sure of the pre-votes, and comes back before that one has promised
   * itself anything: it leads on, with new leases, while the candidate asks for promises.
   */
  "contested lead": (stage) => {
    const { cluster, randomness } = stage;
    const cast = castFor(stage);
    const [candidate] = cast?.followers ?? [];
    if (cast === undefined || candidate === undefined) return false;
    const { group, leader, followers, phase1, preVote } = cast;
    const { network, sequels } = cluster;
    const more = followers.length > 2 && randomness.chance(0.5) ? 1 : 0;
    const far = followers.slice(0, Math.max(1, phase1 - 1 + more));
    const near = names(followers.slice(far.length));
    candidate.flushSlowdown = between(randomness, 40, 600);
    network.partition([leader.name], names(far));
    leader.process?.pause();
    const granted = new Set<string>();
    siftGroup(network, group, ({ message, from, to }) => {
      if (message.type === "preVoted" && message.granted && to === candidate.name) {
        granted.add(from);
        if (granted.size === preVote - 1) sequels.later(0.5, () => leader.process?.resume());
      }
      // It leads: those who could tell the old leader are not heard by it.
      if (message.type === "heartbeat" && from === candidate.name) {
        for (const name of near) network.cut(name, leader.name);
      }
      return false;
    });
    return true;
  },

  /** Nobody but the client and the leader knows that the last entries are chosen; the next leader's disks are slow. */
  "death after an answer": (stage) => {
    const { cluster, randomness } = stage;
    const cast = castFor(stage);
    if (cast === undefined) return false;
    const { leader, followers } = cast;
    leader.trap = new Trap({
      catches: (what) => what === "answer",
      skips: randomness.below(5),
      when: "after",
      spring: () => {
        leader.trap = undefined;
        cluster.network.partition([leader.name], names(followers));
        for (const node of followers) node.flushSlowdown = between(randomness, 5, 150);
        if (randomness.chance(0.7)) cluster.sequels.later(5, () => bringDown(stage, leader));
        stage.strikes();
      },
    });
    return false;
  },

  /**
   * One follower misses an entry and so takes nothing behind it for chosen; the others miss all of that. The leader
   * dies, and of the one answer that knows what it acknowledged, parts are lost.
   */
  "lost chunks": (stage) => {
    const { cluster, randomness } = stage;
    const cast = castFor(stage);
    const [witness] = cast?.followers ?? [];
    if (cast === undefined || witness === undefined) return false;
    const { group, leader } = cast;
    let act: "missing one" | "piling up" | "promising" = "missing one";
    siftGroup(cluster.network, group, ({ message, from, to }) => {
      if (message.type === "learned") return true;
      if (message.type === "accept" && from === leader.name) {
        if (to !== witness.name) return act === "piling up";
        if (act !== "missing one") return false;
        act = "piling up";
        return true;
      }
      if (from !== witness.name || act !== "promising") return false;
      if (message.type === "preVote") return true;
      return (
        message.type === "promised" && message.chunk < message.chunks && randomness.chance(0.8)
      );
    });
    cluster.sequels.later(between(randomness, 150, 600), () => {
      act = "promising";
      bringDown(stage, leader);
      stage.strikes();
    });
    return false;
  },

  /**
   * A leader that was cut off holds entries of its own where others were chosen. It comes back with a disk that takes
   * seconds, learns what was chosen, and is asked for it before that is written.
   */
  "late teacher": (stage) => {
    const { cluster, randomness } = stage;
    if (cluster.nodes.size < 5) return false;
    const cast = castFor(stage);
    const [pupil] = cast?.followers ?? [];
    if (cast === undefined || pupil === undefined) return false;
    const { group, leader, followers } = cast;
    const { network, sequels } = cluster;
    const teachers = followers.slice(1);
    network.partition([leader.name], names(followers));
    siftGroup(network, group, ({ message, from, to }) => {
      if (message.type === "accept" && to === pupil.name) return true;
      if (message.type === "learned" && to === pupil.name) return from !== leader.name;
      return message.type === "preVote" && from === pupil.name;
    });
    sequels.once(
      lookMs,
      () => isLedByOneOf(teachers, group),
      () => {
        leader.flushSlowdown = between(randomness, 2_000, 6_000);
        for (const name of names(followers)) {
          network.heal(name, leader.name);
          network.heal(leader.name, name);
        }
        stage.strikes();
      },
    );
    return false;
  },

  /** Cut off, it accepts what nobody else will; then it restarts and finds that in its log. */
  "lone leader restarts": (stage) => {
    const { cluster, randomness } = stage;
    const cast = castFor(stage);
    if (cast === undefined) return false;
    const { leader, followers } = cast;
    cluster.network.partition([leader.name], names(followers));
    cluster.sequels.later(between(randomness, 10, 300), () => {
      bringDown(stage, leader);
      startLater(stage, leader, between(randomness, 1, 300));
    });
    return true;
  },

  /** It leads on in its own eyes while another leads in everybody else's, and clients reach both. */
  "deposed leader": (stage) => {
    const { cluster, randomness } = stage;
    const cast = castFor(stage);
    if (cast === undefined) return false;
    const { group, leader, followers } = cast;
    const toldNothing = randomness.chance(0.5);
    for (const name of names(followers)) {
      if (toldNothing) cluster.network.cut(name, leader.name);
      cluster.network.cut(leader.name, name);
    }
    cluster.sequels.once(
      lookMs,
      () => isLedByOneOf(followers, group),
      () => {
        cluster.network.partition([leader.name], names(followers));
        stage.strikes();
      },
    );
    return false;
  },

  /** Stands still for longer than its lease, in the middle of what clients asked it, and goes on where it was. */
  "leader stands still": (stage) => {
    const { cluster, randomness } = stage;
    const cast = castFor(stage);
    if (cast === undefined) return false;
    const { leader, followers } = cast;
    leader.trap = new Trap({
      catches: (what) => what === "answer" || what === "heartbeat",
      skips: randomness.below(10),
      when: "after",
      spring: () => {
        leader.trap = undefined;
        if (randomness.chance(0.5)) {
          for (const name of names(followers)) cluster.network.clog(name, leader.name);
        }
        leader.process?.stallFor(between(randomness, leaseOverMs.min, 2 * leaseOverMs.max));
        stage.strikes();
      },
    });
    return false;
  },

  ...lateScenes,

  /**
   * A leader is cut off with entries of its own. The next one has its first entries chosen in their places and dies
   * before it can say so; the first comes back and campaigns.
   */
  "short reign": (stage) => {
    const { cluster } = stage;
    const cast = castFor(stage);
    if (cast === undefined) return false;
    const { group, leader, followers, phase2 } = cast;
    const { network, sequels } = cluster;
    const accepted = new Set<string>();
    let heir: SimulatedNode | undefined;
    network.partition([leader.name], names(followers));
    siftGroup(network, group, ({ message, from, to }) => {
      if (message.type === "preVote" && heir !== undefined) return from !== leader.name;
      if (message.type === "accepted" && from !== to && to !== leader.name) {
        heir ??= cluster.node(to);
        accepted.add(from);
        if (accepted.size === phase2 - 1) {
          const fallen = heir;
          sequels.later(3, () => {
            bringDown(stage, fallen);
            for (const name of names(followers)) {
              network.heal(name, leader.name);
              network.heal(leader.name, name);
            }
            stage.strikes();
          });
        }
      }
      return from === heir?.name && accepted.size >= phase2 - 1;
    });
    return false;
  },

  /**
   * Its machine is suspended, so that its lease does not age; it wakes, cut off, when another leads already. Sometimes
   * the acknowledgements of its last heartbeats were held up, and are what it hears first.
   */
  "leader sleeps": (stage) => {
    const { cluster, randomness } = stage;
    const cast = castFor(stage);
    if (cast === undefined) return false;
    const { group, leader, followers } = cast;
    const { network, sequels } = cluster;
    const sleep = (): void => {
      leader.machine.suspend();
      sequels.once(
        lookMs,
        () => isLedByOneOf(followers, group),
        () => {
          sequels.later(between(randomness, 1, 100), () => {
            leader.machine.resume();
            for (const name of names(followers)) network.unclog(name, leader.name);
          });
          stage.strikes();
        },
      );
    };
    if (randomness.chance(0.5)) {
      network.partition([leader.name], names(followers));
      sleep();
      return false;
    }
    for (const name of names(followers)) network.clog(name, leader.name);
    siftGroup(
      network,
      group,
      ({ message, to }) => to === leader.name && message.type !== "heartbeatAcked",
    );
    sequels.later(between(randomness, 100, 300), () => {
      for (const name of names(followers)) network.cut(leader.name, name);
      sleep();
    });
    return false;
  },

  /**
   * Clients are not answered for a while, and then all nodes lose power: what clients send again was executed long
   * ago, by a state that is found in checkpoints only.
   */
  "answers lost": (stage) => {
    const { cluster, randomness } = stage;
    const { network, nodes, sequels } = cluster;
    if (!sequels.takeStage()) return false;
    const share = between(randomness, 0.3, 0.9);
    let lasts = true;
    network.sift(({ subject }, to) => {
      return lasts && !nodes.has(to) && isInboxSubject(subject) && randomness.chance(share);
    });
    sequels.later(between(randomness, 200, 900), () => {
      for (const node of nodes.values()) {
        node.losePower(randomness);
        startLater(stage, node, between(randomness, 1, 50));
      }
      sequels.later(20, () => (lasts = false));
      stage.strikes();
    });
    return false;
  },

  /**
   * What clients sent arrives once more when nodes have been stopped in good order and started again: they know of the
   * sessions what their checkpoints say.
   */
  "late frames": (stage) => {
    const { cluster, randomness } = stage;
    const { network, nodes, sequels, topology } = cluster;
    if (!sequels.takeStage()) return false;
    const silentAfterMs = between(randomness, 100, 400);
    const sent: SimulatedMessage[] = [];
    let act: "asking" | "silent" | "over" = "asking";
    network.sift((message) => {
      const { name } = message.sender.process;
      if (act === "over" || nodes.has(name) || cluster.rawClients.includes(name)) return false;
      if (act === "asking" && sent.at(-1) !== message) sent.push(message);
      return act === "silent";
    });
    sequels.later(silentAfterMs, () => {
      act = "silent";
      for (const node of nodes.values()) node.drain();
      sequels.once(
        lookMs,
        () => [...nodes.values()].every(({ running }) => !running),
        () => {
          for (const node of nodes.values()) node.start();
          sequels.once(
            lookMs,
            () => topology.groups.every(({ name }) => cluster.leaderOf(name) !== undefined),
            () => {
              act = "over";
              for (const message of sent) network.route(message);
              stage.strikes();
            },
          );
        },
      );
    });
    return false;
  },

  /** The lead is handed over while acknowledgements are late, or the hand-over itself is lost, or somebody dies of it. */
  "hand-over in trouble": (stage) => {
    const { cluster, randomness } = stage;
    const cast = castFor(stage);
    if (cast === undefined) return false;
    const { group, leader, followers } = cast;
    const { network, sequels } = cluster;
    leader.drain();
    if (!leader.draining) return false;
    const clogs = randomness.chance(0.5);
    const lossChance = randomness.chance(0.5) ? 0.7 : 0;
    const dies = randomness.chance(0.3);
    siftGroup(network, group, ({ message, from }) => {
      if (from !== leader.name || message.type !== "handOver") return false;
      if (dies) sequels.later(between(randomness, 0.01, 2), () => bringDown(stage, leader));
      if (clogs) {
        for (const name of names(followers)) {
          sequels.later(between(randomness, 5, 800), () => network.unclog(name, leader.name));
        }
      }
      return randomness.chance(lossChance);
    });
    if (clogs) for (const name of names(followers)) network.clog(name, leader.name);
    return true;
  },
} as const satisfies Record<string, Fault>;
