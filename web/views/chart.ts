/** A machine's picture with what an actor does in it: its state is lit, and so is what it did last. */
import type { InspectionEvent, TakenTransition } from "../../infra/status/inspection.ts";

const flowMs = 700;

export class ChartPicture {
  readonly element: SVGSVGElement;
  readonly #states = new Map<string, Element>();
  #lit: Element[] = [];
  #active: Element | undefined;

  constructor(svg: string) {
    // The page's own style has rules for the same classes, and its policy allows no others.
    const bare = svg.replace(/<style>[^<]*<\/style>/, "");
    const picture = new DOMParser().parseFromString(bare, "image/svg+xml").documentElement;
    if (!(picture instanceof SVGSVGElement)) throw new Error("a chart is no picture");
    this.element = document.importNode(picture, true);
    for (const state of this.element.querySelectorAll<SVGElement>("[data-state]")) {
      this.#states.set(state.dataset["state"] ?? "", state);
    }
  }

  /** In the order of the definition. */
  get states(): readonly string[] {
    return [...this.#states.keys()];
  }

  /** Answers whether the state is another than before. */
  setActive(state: string): boolean {
    const next = this.#states.get(state);
    if (next === this.#active) return false;
    this.#active?.classList.remove("active");
    next?.classList.add("active");
    this.#active = next;
    return true;
  }

  /** Lights what the event did; `moving` shows it as it goes. */
  setTaken(event: InspectionEvent | undefined, moving: boolean): void {
    for (const element of this.#lit) element.classList.remove("taken");
    this.#lit = [];
    for (const taken of event?.transitions ?? []) this.#light(taken, moving);
  }

  /** Where the active state, or the one named, lies in the page. */
  placeOf(state: string): Element | undefined {
    return this.#states.get(state);
  }

  #light({ source, event, index }: TakenTransition, moving: boolean): void {
    const lines = this.element.querySelectorAll(
      `[data-event="${CSS.escape(event)}"][data-index="${index}"]`,
    );
    for (const line of lines) {
      const owner = line.closest<SVGElement>("[data-from], [data-state], .everywhere");
      const from = owner?.dataset["from"] ?? owner?.dataset["state"] ?? "*";
      if (owner === null || from !== (source === "" ? "*" : source)) continue;
      line.classList.add("taken");
      this.#lit.push(line);
      if (!owner.matches(".transition")) continue;
      owner.classList.add("taken");
      this.#lit.push(owner);
      const path = owner.querySelector<SVGPathElement>(".line");
      if (moving && path !== null) flow(path);
    }
  }
}

/** Something runs along the arrow, once. */
function flow(path: SVGPathElement): void {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const runner = path.cloneNode() as SVGPathElement;
  runner.setAttribute("class", "flow");
  runner.removeAttribute("marker-end");
  runner.setAttribute("pathLength", "100");
  path.after(runner);
  const run = runner.animate(
    [
      { strokeDasharray: "0 100", strokeDashoffset: "0" },
      { strokeDasharray: "30 100", strokeDashoffset: "-35" },
      { strokeDasharray: "0 100", strokeDashoffset: "-100" },
    ],
    { duration: flowMs, easing: "ease-in-out" },
  );
  run.addEventListener("finish", () => runner.remove());
  run.addEventListener("cancel", () => runner.remove());
}
