/** What happens to processes: those of nodes, and nats-server's. */
import { namesOf, type Fault } from "./stage.ts";

export const processFaults = {
  kill: {
    strike: async ({ victim }) => {
      if (!victim.running) return undefined;
      await victim.kill();
      return victim.name;
    },
  },

  /** Back before anybody has noticed. */
  "kill and restart": {
    strike: async ({ victim }) => {
      if (!victim.running || victim.paused || victim.diskFailed) return undefined;
      await victim.kill();
      victim.start();
      return victim.name;
    },
  },

  "kill of all": {
    strike: async ({ cluster }) => {
      const running = cluster.nodes.filter((node) => node.running);
      await Promise.all(running.map((node) => node.kill()));
      return running.length === 0 ? undefined : namesOf(running);
    },
  },

  /** SIGTERM. */
  stop: {
    strike: async ({ victim }) => {
      if (!victim.running || victim.paused) return undefined;
      await victim.stop();
      return victim.name;
    },
  },

  pause: {
    strike: ({ victim }) => {
      if (!victim.running || victim.paused) return undefined;
      victim.pause();
      return victim.name;
    },
  },

  "nats-server stopped": {
    strike: async ({ cluster }) => {
      if (!cluster.broker.running) return undefined;
      await cluster.broker.stop();
      return "SIGTERM";
    },
  },

  "nats-server killed": {
    strike: async ({ cluster }) => {
      if (!cluster.broker.running) return undefined;
      await cluster.broker.kill();
      return "SIGKILL";
    },
  },

  "nats-server restarted": {
    strike: async ({ cluster, randomness }) => {
      if (!cluster.broker.running) return undefined;
      const gracefully = randomness.chance(0.5);
      await (gracefully ? cluster.broker.stop() : cluster.broker.kill());
      await cluster.broker.start();
      return gracefully ? "SIGTERM" : "SIGKILL";
    },
  },
} as const satisfies Record<string, Fault>;
