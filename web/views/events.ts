/** What an actor handled last, newest first. */
import type { InspectionEvent } from "../../infra/status/inspection.ts";
import { make } from "../dom.ts";
import { eventDetails } from "./event-details.ts";
import { timeElement } from "./time.ts";

const shown = 60;

export class EventsView {
  readonly #list: HTMLElement;
  #newest: InspectionEvent | undefined;
  #onlyChanges = false;
  #isHeld = false;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  set onlyChanges(only: boolean) {
    this.#onlyChanges = only;
  }

  /** What happens meanwhile is shown afterwards. */
  set held(held: boolean) {
    this.#isHeld = held;
  }

  /** `anew`: these are another actor's, or chosen in another way. */
  show(events: readonly InspectionEvent[], anew: boolean): void {
    if (this.#isHeld && !anew) return;
    const chosen = this.#onlyChanges ? events.filter(({ from, to }) => from !== to) : events;
    const known = anew || this.#newest === undefined ? -1 : chosen.indexOf(this.#newest);
    if (known < 0) this.#list.replaceChildren();
    const fresh = chosen.slice(0, known < 0 ? shown : Math.min(known, shown));
    this.#list.prepend(...fresh.map(line));
    while (this.#list.childElementCount > shown) this.#list.lastElementChild?.remove();
    this.#newest = chosen[0];
  }
}

function line(happened: InspectionEvent): HTMLLIElement {
  const { atMs, event, from, to, passed, skipped } = happened;
  const changed = from !== to || passed.length > 0;
  const way = changed ? [from === "" ? "start" : from, ...passed, to].join(" → ") : "";
  const detail = eventDetails(event);
  return make(
    "li",
    { class: changed ? "changed" : undefined },
    timeElement(atMs),
    make("b", {}, event.type),
    make("span", { class: "way" }, way),
    make("span", { class: "quiet skipped" }, skipped > 0 ? `and ${skipped} more` : ""),
    make("span", { class: "quiet details", title: detail }, detail),
  );
}
