/** Time, and what can be seen of the cluster. */
import type { SimulatedNode } from "../../../../sim/simulated-node.ts";
import type { Verbs } from "./verb.ts";

export const lookingVerbs: Verbs = {
  /** So many milliseconds pass. */
  run: async (scene, [ms = ""]) => void (await scene.until(() => false, Number(ms))),

  /** Waits until somebody leads the group; `leads g1 n2`: until that node does, whatever others believe. */
  leads: async (scene, [group = "", node]) => {
    const { cluster } = scene;
    const leader = (): string | undefined => cluster.leaderOf(group)?.name;
    const isMet = (): boolean =>
      node === undefined ? leader() !== undefined : leadsItself(cluster.node(node), group);
    return (await scene.until(isMet)) && node !== undefined ? node : (leader() ?? "nobody");
  },

  /** Whom these take for the leader. */
  believes: (scene, [group = "", ...names]) =>
    scene
      .nodes(names)
      .map(({ name, host }) => `${name} ${host?.replica(group)?.status().leader ?? "nobody"}`)
      .join("\n"),

  status: (scene, words) => scene.nodes(words).map(statusText).join("\n"),

  /** How far the group's time is from the world's, in whole hours. */
  "time-of": ({ cluster }, [group = ""]) => {
    const status = [...cluster.nodes.values()]
      .flatMap(({ host }) => host?.replica(group) ?? [])
      .map((replica) => replica.lastMs);
    const { world } = cluster;
    const aheadMs = Math.max(...status) - (world.startWallMs + world.nowMs);
    return `${Math.round(aheadMs / 3_600_000)} hours ahead`;
  },

  /** Leaderships that began in any group so far. */
  "reigns-at-most": ({ cluster }, [most = ""]) => {
    return cluster.reigns <= Number(most) ? "so it is" : `no, ${cluster.reigns}`;
  },
};

function leadsItself({ host }: SimulatedNode, group: string): boolean {
  return host?.replica(group)?.leads === true;
}

function statusText(node: SimulatedNode): string {
  const status = node.host?.status();
  const barred = node.barred ?? status?.barred?.code;
  if (barred !== undefined) return `${node.name} ${barred}`;
  if (status === undefined) return `${node.name} down`;
  const unstartable = Object.entries(status.unstartable).map(
    ([group, { code }]) => `${group} ${code}`,
  );
  const replicas = status.replicas.map(({ group, role, stopped }) =>
    stopped === undefined ? `${group} ${role}` : `${group} ${stopped.code}`,
  );
  const parts = [...replicas, ...unstartable].sort();
  return `${node.name} ${parts.length === 0 ? "not born" : parts.join(", ")}`;
}
