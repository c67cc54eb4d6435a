/** One actor: its chart, its memory, its last events. */
import type { ActorModel } from "../cluster/actor.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { make, setText } from "../dom.ts";
import { ChartPicture } from "./chart.ts";
import { EventsView } from "./events.ts";
import { MemoryView } from "./memory.ts";

export class ActorPage {
  readonly #cluster: Cluster;
  readonly #section: HTMLElement;
  readonly #charts: ReadonlyMap<string, string>;
  readonly #title = make("h1");
  readonly #status = make("p", { class: "status", role: "status" });
  readonly #pills = make("ul", { class: "pills", "aria-label": "States" });
  readonly #chart = make("div", {
    class: "chart-pane",
    tabindex: "0",
    role: "group",
    "aria-label": "State chart",
  });
  readonly #siblings = make("ul", {
    class: "siblings",
    "aria-label": "The same role on other nodes",
  });
  readonly #memoryList = make("dl", { class: "memory" });
  readonly #eventList = make("ol", { class: "events", "aria-label": "Last events" });
  readonly #onlyChanges = make("input", { type: "checkbox" });
  readonly #held = make("input", { type: "checkbox" });
  readonly #memory = new MemoryView(this.#memoryList);
  readonly #events = new EventsView(this.#eventList);
  readonly #fit = make("button", { type: "button", class: "fit" }, "Whole chart");
  #actor: string | undefined;
  #machine: string | undefined;
  #picture: ChartPicture | undefined;
  #lastSequence: number | undefined;

  constructor(cluster: Cluster, section: HTMLElement, charts: ReadonlyMap<string, string>) {
    this.#cluster = cluster;
    this.#section = section;
    this.#charts = charts;
    this.#fit.addEventListener("click", () => this.toggleFit());
    section.append(
      make("div", { class: "actor-head" }, this.#title, this.#status, this.#siblings),
      make("div", { class: "chart-tools" }, this.#pills, this.#fit),
      this.#chart,
      make(
        "aside",
        { "aria-label": "Memory and events" },
        make("h2", {}, "Memory"),
        this.#memoryList,
        make("h2", {}, "Events"),
        make(
          "p",
          { class: "choices" },
          make("label", {}, this.#onlyChanges, "only changes of state"),
          make("label", {}, this.#held, "hold still"),
        ),
        this.#eventList,
      ),
    );
    for (const choice of [this.#onlyChanges, this.#held]) {
      choice.addEventListener("change", () => this.#chooseEvents());
    }
  }

  /** The chart's own size, where texts are easy to read, or all of it at once. */
  toggleFit(): void {
    const whole = this.#chart.classList.toggle("whole");
    setText(this.#fit, whole ? "Full size" : "Whole chart");
    if (!whole) this.#follow("auto");
  }

  show(id: string): void {
    if (id !== this.#actor) {
      this.#actor = id;
      this.#lastSequence = undefined;
      setText(this.#title, id);
      this.#eventList.replaceChildren();
      this.#showSiblings();
    }
    this.refresh(true);
  }

  /** `anew`: whatever it shows may be another. */
  refresh(anew = false): void {
    const actor = this.#shown;
    if (actor === undefined) {
      setText(this.#status, "There is no such actor, or nothing was heard of it yet.");
      this.#chart.replaceChildren();
      this.#machine = undefined;
      return;
    }
    this.#showStatus(actor);
    this.#mount(actor);
    const [last] = actor.events;
    const moving = last !== undefined && !anew && last.sequence !== this.#lastSequence;
    this.#lastSequence = last?.sequence;
    const changed = this.#picture?.setActive(actor.state) ?? false;
    this.#picture?.setTaken(last, moving);
    for (const pill of this.#pills.children) {
      pill.toggleAttribute("data-active", pill.textContent === actor.state);
    }
    if (changed) this.#follow(anew ? "auto" : "smooth");
    this.#memory.show(actor.memory);
    this.#events.show(actor.events, anew);
  }

  /** Nodes may have come or gone. */
  rebuild(): void {
    this.#showSiblings();
    this.refresh(true);
  }

  get #shown(): ActorModel | undefined {
    return this.#actor === undefined ? undefined : this.#cluster.actor(this.#actor);
  }

  #chooseEvents(): void {
    this.#events.onlyChanges = this.#onlyChanges.checked;
    this.#events.held = this.#held.checked;
    const actor = this.#shown;
    if (actor !== undefined) this.#events.show(actor.events, true);
  }

  #showStatus({ place, state, status, failure }: ActorModel): void {
    const gone = this.#cluster.node(place.node)?.gone === true;
    const text = gone
      ? `${place.node} is gone: nothing is heard of it. Last seen: ${state}`
      : failure === undefined
        ? status === "active"
          ? state
          : `${status} in ${state}`
        : `${status} in ${state}: ${failure.code}, ${failure.text}`;
    setText(this.#status, text);
    this.#status.classList.toggle("spoken", !gone && status === "active");
    this.#status.dataset["tone"] = gone ? "gone" : status === "active" ? "idle" : "bad";
    this.#section.classList.toggle("past", gone || status !== "active");
  }

  #showSiblings(): void {
    const place = this.#shown?.place;
    const links = this.#cluster.nodes.flatMap(({ name }) => {
      const id = [name, ...(place?.group === undefined ? [] : [place.group]), place?.role].join(
        "/",
      );
      if (place === undefined || this.#cluster.actor(id) === undefined) return [];
      const current = name === place.node ? "page" : undefined;
      return [make("li", {}, make("a", { href: `#/${id}`, "aria-current": current }, name))];
    });
    this.#siblings.replaceChildren(...links);
  }

  #mount({ machine }: ActorModel): void {
    if (machine === this.#machine) return;
    this.#machine = machine;
    const svg = this.#charts.get(machine);
    this.#picture = svg === undefined ? undefined : new ChartPicture(svg);
    const missing = make("p", { class: "quiet" }, `This version has no picture of ${machine}.`);
    this.#chart.replaceChildren(this.#picture?.element ?? missing);
    const pills = (this.#picture?.states ?? []).map((state) => {
      const button = make("button", { type: "button" }, state);
      button.addEventListener("click", () => this.#scrollTo(state, "smooth"));
      return make("li", {}, button);
    });
    this.#pills.replaceChildren(...pills);
  }

  #follow(behavior: ScrollBehavior): void {
    const state = this.#shown?.state;
    if (state !== undefined) this.#scrollTo(state, behavior);
  }

  #scrollTo(state: string, behavior: ScrollBehavior): void {
    this.#picture?.placeOf(state)?.scrollIntoView({ behavior, block: "center", inline: "center" });
  }
}
