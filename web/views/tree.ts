/** The tree of nodes, groups and roles at the side: everything that can be looked at, with its state. */
import type { ActorModel } from "../cluster/actor.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { matches } from "../cluster/filter.ts";
import { replicaView } from "../cluster/replica.ts";
import { make, setAttributes, setText } from "../dom.ts";

interface Row {
  readonly element: HTMLLIElement;
  readonly label: HTMLElement;
  readonly state: HTMLElement;
  readonly parent: Row | undefined;
  readonly children: Row[];
  readonly list: HTMLUListElement | undefined;
  readonly actor: string | undefined;
  /** Reads what it shows from the cluster. */
  readonly refresh: () => void;
}

export class TreeView {
  readonly #cluster: Cluster;
  readonly #tree: HTMLUListElement;
  readonly #nothing: HTMLElement;
  readonly #open: (actor: string) => void;
  /** In the order of the page. */
  #rows: Row[] = [];
  #byActor = new Map<string, Row>();
  /** Names of the branches that a person opened or closed. */
  readonly #expanded = new Map<string, boolean>();
  #filter = "";
  #selected: string | undefined;
  #focused: Row | undefined;

  constructor(
    cluster: Cluster,
    tree: HTMLUListElement,
    nothing: HTMLElement,
    open: (actor: string) => void,
  ) {
    this.#cluster = cluster;
    this.#tree = tree;
    this.#nothing = nothing;
    this.#open = open;
    tree.addEventListener("click", (event) => this.#clicked(event));
    tree.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** There are other nodes or actors than before. */
  rebuild(): void {
    const hadFocus = this.#tree.contains(document.activeElement);
    const focused = this.#focused?.element.dataset["path"];
    this.#rows = [];
    this.#byActor = new Map();
    const nodes = this.#cluster.nodes.map(({ name }) => this.#nodeRow(name));
    this.#tree.replaceChildren(...nodes.map(({ element }) => element));
    this.#show();
    const again = this.#rows.find(({ element }) => element.dataset["path"] === focused);
    this.#focus(again ?? this.#rows[0], hadFocus);
  }

  refresh(actors: ReadonlySet<string>): void {
    const rows = new Set<Row>();
    for (const id of actors) {
      for (let row = this.#byActor.get(id); row !== undefined; row = row.parent) rows.add(row);
    }
    for (const row of rows) row.refresh();
    // What a filter finds may be another now.
    if (this.#filter !== "") this.#show();
  }

  refreshAll(): void {
    for (const row of this.#rows) row.refresh();
  }

  set filter(filter: string) {
    this.#filter = filter.trim();
    this.#show();
  }

  set selected(actor: string | undefined) {
    this.#selected = actor;
    const row = actor === undefined ? undefined : this.#byActor.get(actor);
    for (let above = row?.parent; above !== undefined; above = above.parent) {
      this.#expanded.set(pathOf(above), true);
    }
    this.#show();
    if (row === undefined) return;
    this.#focus(row, false);
    row.element.scrollIntoView({ block: "nearest" });
  }

  /** From the filter to what it found. */
  focusFound(): void {
    const visible = this.#rows.filter(isVisible);
    const actor = this.#filter === "" ? undefined : visible.find((row) => row.actor !== undefined);
    this.#focus(actor ?? visible[0], true);
  }

  #nodeRow(name: string): Row {
    const actors = [...(this.#cluster.node(name)?.actors.values() ?? [])];
    const row = this.#row(name, name, undefined, 1, undefined, () => {
      const node = this.#cluster.node(name);
      const state = this.#cluster.actor(`${name}/node`)?.state ?? "";
      const gone = node?.gone === true;
      setText(row.state, gone ? "gone" : state);
      row.element.dataset["tone"] = gone ? "gone" : state === "serving" ? "follow" : "busy";
    });
    for (const actor of actors.filter(({ place }) => place.group === undefined)) {
      this.#actorRow(actor, row, 2);
    }
    for (const group of this.#cluster.groups) {
      const members = actors.filter(({ place }) => place.group === group);
      if (members.length > 0) this.#groupRow(name, group, members, row);
    }
    row.refresh();
    return row;
  }

  #groupRow(node: string, group: string, actors: readonly ActorModel[], parent: Row): void {
    const row = this.#row(`${node}/${group}`, group, undefined, 2, parent, () => {
      const replica = replicaView(this.#cluster, node, group);
      setText(row.state, replica?.word ?? "");
      row.element.dataset["tone"] = replica?.tone ?? "idle";
    });
    for (const actor of [...actors].sort(byImportance)) this.#actorRow(actor, row, 3);
    row.refresh();
  }

  #actorRow(actor: ActorModel, parent: Row, level: number): void {
    const row = this.#row(actor.id, actor.place.role, actor.id, level, parent, () => {
      const now = this.#cluster.actor(actor.id) ?? actor;
      setText(row.state, now.status === "active" ? now.state : now.status);
      row.element.dataset["state"] = now.state;
      row.element.dataset["tone"] = toneOf(now);
    });
    this.#byActor.set(actor.id, row);
    row.refresh();
  }

  #row(
    path: string,
    name: string,
    actor: string | undefined,
    level: number,
    parent: Row | undefined,
    refresh: () => void,
  ): Row {
    const state = make("span", { class: "state-name" });
    const label = make("div", { class: "row" }, make("span", { class: "name" }, name), state);
    const list = actor === undefined ? make("ul", { role: "group" }) : undefined;
    const element = make(
      "li",
      { role: "treeitem", "aria-level": String(level), tabindex: "-1", "data-path": path },
      label,
      ...(list === undefined ? [] : [list]),
    );
    if (actor !== undefined) element.dataset["actor"] = actor;
    const row: Row = { element, label, state, parent, children: [], list, actor, refresh };
    this.#rows.push(row);
    parent?.children.push(row);
    parent?.list?.append(element);
    return row;
  }

  /** Applies filter, expansion and selection. */
  #show(): void {
    const found = this.#filter === "" ? undefined : this.#found();
    for (const row of this.#rows) {
      row.element.hidden = found !== undefined && !found.has(row);
      if (row.list !== undefined) {
        const open = found !== undefined || this.#isExpanded(row);
        row.element.setAttribute("aria-expanded", String(open));
        row.list.hidden = !open;
      } else {
        const selected = row.actor === this.#selected;
        row.element.setAttribute("aria-selected", String(selected));
      }
    }
    this.#nothing.hidden = found === undefined || found.size > 0;
  }

  #found(): ReadonlySet<Row> {
    const found = new Set<Row>();
    for (const [id, row] of this.#byActor) {
      const actor = this.#cluster.actor(id);
      if (actor === undefined || !matches(this.#filter, actor)) continue;
      for (let each: Row | undefined = row; each !== undefined; each = each.parent) found.add(each);
    }
    return found;
  }

  #isExpanded(row: Row): boolean {
    return this.#expanded.get(pathOf(row)) ?? row.parent === undefined;
  }

  #expand(row: Row, open: boolean): void {
    this.#expanded.set(pathOf(row), open);
    this.#show();
  }

  #clicked(event: Event): void {
    const row = this.#rowOf(event.target);
    if (row === undefined) return;
    this.#focus(row, true);
    this.#activate(row);
  }

  #activate(row: Row): void {
    if (row.actor !== undefined) this.#open(row.actor);
    else this.#expand(row, !this.#isExpanded(row));
  }

  #rowOf(target: EventTarget | null): Row | undefined {
    const element = target instanceof Element ? target.closest("li") : null;
    return this.#rows.find((row) => row.element === element);
  }

  #pressed(event: KeyboardEvent): void {
    const row = this.#focused;
    if (row === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const visible = this.#rows.filter(isVisible);
    const index = visible.indexOf(row);
    switch (event.key) {
      case "ArrowDown":
        this.#focus(visible[index + 1], true);
        break;
      case "ArrowUp":
        this.#focus(visible[index - 1], true);
        break;
      case "Home":
        this.#focus(visible[0], true);
        break;
      case "End":
        this.#focus(visible.at(-1), true);
        break;
      case "ArrowRight":
        if (row.list === undefined) break;
        if (row.list.hidden) this.#expand(row, true);
        else this.#focus(row.children.find(isVisible), true);
        break;
      case "ArrowLeft":
        if (row.list !== undefined && !row.list.hidden) this.#expand(row, false);
        else this.#focus(row.parent, true);
        break;
      case "Enter":
      case " ":
        this.#activate(row);
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  /** One row at a time can be reached with the tab key. */
  #focus(row: Row | undefined, really: boolean): void {
    if (row === undefined) return;
    this.#focused?.element.setAttribute("tabindex", "-1");
    this.#focused = row;
    setAttributes(row.element, { tabindex: "0" });
    if (really) row.element.focus();
  }
}

function pathOf({ element }: Row): string {
  return element.dataset["path"] ?? "";
}

function isVisible({ element }: Row): boolean {
  return element.offsetParent !== null;
}

function toneOf({ state, status }: ActorModel): string {
  if (status !== "active") return "bad";
  return state === "leading" || state === "active" ? "lead" : "idle";
}

const order = ["proposer", "acceptor", "learner", "checkpointer", "birth"];

function byImportance(a: ActorModel, b: ActorModel): number {
  return rank(a) - rank(b);
}

function rank({ place }: ActorModel): number {
  const index = order.indexOf(place.role);
  return index < 0 ? order.length : index;
}
