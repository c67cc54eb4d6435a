/** The start page: what every node is to every group, and what has changed last. */
import type { Cluster, Happening } from "../cluster/cluster.ts";
import { leadersOf, replicaView, type ReplicaView } from "../cluster/replica.ts";
import { make, setText } from "../dom.ts";
import { timeElement } from "./time.ts";

const happeningsShown = 40;

export class OverviewView {
  readonly #cluster: Cluster;
  readonly #section: HTMLElement;
  readonly #grid = make("table", { class: "grid" });
  readonly #changes = make("ol", { class: "changes", "aria-label": "Last changes of state" });
  readonly #heads = new Map<string, HTMLElement>();
  readonly #leaders = new Map<string, HTMLElement>();
  readonly #cells = new Map<string, HTMLElement>();

  constructor(cluster: Cluster, section: HTMLElement) {
    this.#cluster = cluster;
    this.#section = section;
    section.append(
      make("p", { class: "nobody quiet" }, "No node has been heard yet."),
      make("h1", {}, "Groups and nodes"),
      make(
        "div",
        { class: "scroller", tabindex: "0", role: "group", "aria-label": "Groups by nodes" },
        this.#grid,
      ),
      make("h2", {}, "Last changes of state"),
      this.#changes,
    );
  }

  rebuild(): void {
    const { nodes, groups } = this.#cluster;
    this.#heads.clear();
    this.#leaders.clear();
    this.#cells.clear();
    const head = make(
      "tr",
      {},
      make("th", { scope: "col" }, "group"),
      make("th", { scope: "col" }, "led by"),
    );
    for (const { name } of nodes) {
      const state = make("span", { class: "state-name" });
      this.#heads.set(name, state);
      const link = make("a", { href: `#/${name}/node` }, name);
      head.append(make("th", { scope: "col" }, link, state));
    }
    const rows = groups.map((group) => {
      const leader = make("td", { class: "leader" });
      this.#leaders.set(group, leader);
      const row = make("tr", { "data-group": group }, make("th", { scope: "row" }, group), leader);
      for (const { name } of nodes) row.append(this.#cell(name, group));
      return row;
    });
    this.#grid.replaceChildren(make("thead", {}, head), make("tbody", {}, ...rows));
    this.#section.classList.toggle("empty", nodes.length === 0);
    this.refreshAll();
  }

  refreshAll(): void {
    for (const { name, gone } of this.#cluster.nodes) {
      const head = this.#heads.get(name);
      if (head === undefined) continue;
      const state = this.#cluster.actor(`${name}/node`)?.state ?? "";
      setText(head, gone ? "gone" : state);
      head.dataset["tone"] = gone ? "gone" : state === "serving" ? "follow" : "busy";
    }
    for (const group of this.#cluster.groups) this.#refreshGroup(group);
  }

  refresh(actors: ReadonlySet<string>): void {
    const groups = new Set<string>();
    for (const id of actors) {
      const { group, role } = this.#cluster.actor(id)?.place ?? {};
      if (group !== undefined) groups.add(group);
      if (role === "node") return this.refreshAll();
    }
    for (const group of groups) this.#refreshGroup(group);
  }

  refreshHappenings(): void {
    const shown = this.#cluster.happenings.slice(0, happeningsShown).map(happeningLine);
    const nothing = make("li", { class: "quiet" }, "Nothing has changed while you looked.");
    this.#changes.replaceChildren(...(shown.length === 0 ? [nothing] : shown));
  }

  #cell(node: string, group: string): HTMLElement {
    const cell = make("td", { class: "replica", "data-node": node });
    this.#cells.set(`${node}/${group}`, cell);
    const actor = this.#cluster.replicaActor(node, group, "proposer");
    if (actor === undefined) return cell;
    cell.append(
      make(
        "a",
        { href: `#/${actor.id}` },
        make("span", { class: "word" }),
        make("span", { class: "state-name" }),
        make("span", { class: "numbers" }),
      ),
    );
    return cell;
  }

  #refreshGroup(group: string): void {
    const leaders = leadersOf(this.#cluster, group);
    const leader = this.#leaders.get(group);
    if (leader !== undefined) {
      setText(leader, leaders.length === 0 ? "nobody" : leaders.join(", "));
      leader.dataset["tone"] = leaders.length === 1 ? "lead" : "busy";
    }
    for (const { name } of this.#cluster.nodes) {
      const cell = this.#cells.get(`${name}/${group}`);
      const replica = replicaView(this.#cluster, name, group);
      const [word, state, numbers] = cell?.querySelectorAll("span") ?? [];
      if (cell === undefined || replica === undefined) continue;
      cell.dataset["tone"] = replica.tone;
      if (word === undefined || state === undefined || numbers === undefined) continue;
      setText(word, replica.word);
      setText(state, stateShown(replica));
      const parts = [
        ...(replica.ballot === "" ? [] : [`ballot ${replica.ballot}`]),
        ...(replica.appliedThrough === undefined
          ? []
          : [`slot ${replica.appliedThrough.toLocaleString("en")}`]),
      ];
      setText(numbers, parts.join(" · "));
    }
  }
}

/** What the word does not say already. */
function stateShown({ tone, state }: ReplicaView): string {
  if (tone === "gone") return `was ${state}`;
  return tone === "lead" || tone === "follow" ? "" : state;
}

function happeningLine(happening: Happening): HTMLLIElement {
  const time = timeElement(happening.atMs);
  if (happening.type !== "actor") {
    const what = happening.type === "node-gone" ? "is gone: nothing is heard of it" : "is back";
    return make(
      "li",
      { "data-tone": happening.type === "node-gone" ? "gone" : "follow" },
      time,
      make("b", {}, happening.node),
      make("span", {}, what),
    );
  }
  const { actor, event, from, to, passed } = happening.event;
  const way = [from === "" ? "start" : from, ...passed, to].join(" → ");
  return make(
    "li",
    { "data-tone": to === "leading" || to === "active" ? "lead" : undefined },
    time,
    make("a", { href: `#/${actor}` }, actor),
    make("span", { class: "way" }, way),
    make("span", { class: "quiet" }, event.type),
  );
}
