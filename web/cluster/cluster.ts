/** The cluster as the page knows it: what was heard, and what of it has changed since it was last drawn. */
import type { InspectionEvent } from "../../infra/status/inspection.ts";
import type { LiveMessage, LiveNode } from "../../infra/status/live-message.ts";
import { ActorModel } from "./actor.ts";

export interface NodeModel {
  readonly name: string;
  /** Nothing is heard of it. */
  gone: boolean;
  /** Something was heard of it since the page was opened. */
  heard: boolean;
  readonly actors: ReadonlyMap<string, ActorModel>;
}

/** A change that a person who watches the whole cluster wants to know about. */
export type Happening =
  | { readonly type: "actor"; readonly atMs: number; readonly event: InspectionEvent }
  | { readonly type: "node-gone" | "node-back"; readonly atMs: number; readonly node: string };

export interface Changes {
  /** There are other nodes or actors than before. */
  readonly structure: boolean;
  readonly actors: ReadonlySet<string>;
  /** Some node went away or came back. */
  readonly nodes: boolean;
  readonly happenings: boolean;
}

const happeningsMax = 200;

const byName = new Intl.Collator("en", { numeric: true });

export class Cluster {
  #nodes = new Map<string, NodeModel & { readonly actors: Map<string, ActorModel> }>();
  /** Newest first. */
  readonly happenings: Happening[] = [];
  hasBroker = true;
  #structure = true;
  #changedNodes = false;
  #changedHappenings = false;
  #changedActors = new Set<string>();

  /** By name. */
  get nodes(): readonly NodeModel[] {
    return [...this.#nodes.values()];
  }

  /** Names of all store groups, `meta` first. */
  get groups(): readonly string[] {
    const groups = new Set<string>();
    for (const { actors } of this.#nodes.values()) {
      for (const { place } of actors.values()) {
        if (place.group !== undefined) groups.add(place.group);
      }
    }
    return [...groups].sort((a, b) =>
      a === "meta" ? -1 : b === "meta" ? 1 : byName.compare(a, b),
    );
  }

  node(name: string): NodeModel | undefined {
    return this.#nodes.get(name);
  }

  actor(id: string): ActorModel | undefined {
    const slash = id.indexOf("/");
    return this.#nodes.get(id.slice(0, slash))?.actors.get(id);
  }

  replicaActor(node: string, group: string, role: string): ActorModel | undefined {
    return this.#nodes.get(node)?.actors.get(`${node}/${group}/${role}`);
  }

  /** `nowMs`: Unix time in this browser. */
  apply(message: LiveMessage, nowMs: number): void {
    switch (message.type) {
      case "snapshot":
        return this.#snapshot(message.nodes, nowMs);
      case "transition":
        return this.#transition(message, nowMs);
      case "node-gone":
      case "node-back":
        return this.#setGone(message.node, message.type === "node-gone", nowMs);
      case "connection":
        this.hasBroker = message.connected;
        this.#changedNodes = true;
    }
  }

  /** What has changed since the last call. */
  takeChanges(): Changes {
    const changes: Changes = {
      structure: this.#structure,
      actors: this.#changedActors,
      nodes: this.#changedNodes,
      happenings: this.#changedHappenings,
    };
    this.#structure = false;
    this.#changedNodes = false;
    this.#changedHappenings = false;
    this.#changedActors = new Set();
    return changes;
  }

  #snapshot(seen: readonly LiveNode[], nowMs: number): void {
    for (const { node, gone, actors } of seen) {
      const known = this.#nodes.get(node) ?? this.#add(node);
      for (const actor of actors) {
        const model = known.actors.get(actor.id);
        if (model === undefined) {
          known.actors.set(actor.id, new ActorModel(actor));
          this.#structure = true;
        } else model.seen(actor);
        this.#changedActors.add(actor.id);
      }
      const ids = new Set(actors.map(({ id }) => id));
      for (const id of known.actors.keys()) {
        if (!ids.has(id) && known.actors.delete(id)) this.#structure = true;
      }
      this.#setGone(node, gone, nowMs);
    }
    this.#changedNodes = true;
    // Whoever was there before and is not any more stays on the page: that is what a person looks for.
    const heard = new Set(seen.map(({ node }) => node));
    for (const name of this.#nodes.keys()) {
      if (!heard.has(name)) this.#setGone(name, true, nowMs);
    }
    for (const name of this.#membersNamed()) {
      if (!this.#nodes.has(name)) this.#add(name).gone = true;
    }
  }

  #transition(event: InspectionEvent, nowMs: number): void {
    const actor = this.actor(event.actor);
    // The snapshot that introduces it is on its way.
    if (actor === undefined) return;
    this.#setGone(event.node, false, nowMs);
    actor.happened(event);
    this.#changedActors.add(actor.id);
    if (event.from !== event.to || event.status !== "active") {
      this.#happened({ type: "actor", atMs: event.atMs, event });
    }
  }

  #setGone(name: string, gone: boolean, nowMs: number): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    const isNews = node.gone !== gone;
    const wasHeard = node.heard;
    node.gone = gone;
    node.heard ||= !gone;
    if (!isNews) return;
    this.#changedNodes = true;
    // That a node is there is no news for who has just begun to look.
    if (wasHeard)
      this.#happened({ type: gone ? "node-gone" : "node-back", atMs: nowMs, node: name });
  }

  #happened(happening: Happening): void {
    this.happenings.unshift(happening);
    if (this.happenings.length > happeningsMax) this.happenings.pop();
    this.#changedHappenings = true;
  }

  #add(name: string): NodeModel & { readonly actors: Map<string, ActorModel> } {
    const node = { name, gone: false, heard: false, actors: new Map<string, ActorModel>() };
    this.#nodes.set(name, node);
    this.#nodes = new Map([...this.#nodes].sort(([a], [b]) => byName.compare(a, b)));
    this.#structure = true;
    return node;
  }

  /** Nodes that belong to a store group by its birth, whether they were ever heard here or not. */
  #membersNamed(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const { actors } of this.#nodes.values()) {
      for (const { machine, memory } of actors.values()) {
        const { members } = memory;
        if (machine !== "birth" || !Array.isArray(members)) continue;
        for (const name of members) if (typeof name === "string") names.add(name);
      }
    }
    return names;
  }
}
