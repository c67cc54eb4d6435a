/** Notes what one actor does while somebody looks at it. Without a tap an actor only finds out that it has none. */
import type { AnyStateMachine, AnyTransitionDefinition } from "xstate";
import type { TakenTransition } from "../../infra/status/inspection.ts";
import { chosenBy, startingTransitions, takenTransitions } from "./taken-transitions.ts";

/** One event, handled completely. */
export interface Step {
  readonly event: { readonly type: string };
  /** "" when the actor has just been started. */
  readonly from: string;
  readonly to: string;
  /** Found out only for a step that is told. */
  readonly transitions: () => readonly TakenTransition[];
}

export interface ActorObserver {
  /** Must not throw: it is called while the node's actors handle their mail. */
  stepped(step: Step): void;
}

interface Tapped {
  readonly machine: AnyStateMachine;
  readonly snapshot: () => unknown;
  readonly state: () => string;
}

export class ActorTap {
  readonly #tapped: Tapped;
  readonly #observer: ActorObserver;
  #from: string | undefined;
  #chosen: AnyTransitionDefinition | undefined;

  constructor(tapped: Tapped, observer: ActorObserver) {
    this.#tapped = tapped;
    this.#observer = observer;
  }

  starting(): void {
    this.#from = "";
  }

  started(): void {
    if (this.#from === undefined) return;
    this.#from = undefined;
    const { machine, state } = this.#tapped;
    const to = state();
    const transitions = (): TakenTransition[] => startingTransitions(machine, to);
    this.#observer.stepped({ event: { type: "start" }, from: "", to, transitions });
  }

  handling(event: { readonly type: string }): void {
    const { machine, snapshot, state } = this.#tapped;
    this.#from = state();
    this.#chosen = chosenBy(machine, snapshot(), event);
  }

  handled(event: { readonly type: string }): void {
    const from = this.#from;
    // Put here in the middle of a step.
    if (from === undefined) return;
    this.#from = undefined;
    const { machine, state } = this.#tapped;
    const chosen = this.#chosen;
    const to = state();
    const transitions = (): TakenTransition[] => takenTransitions(machine, chosen, from, to);
    this.#observer.stepped({ event, from, to, transitions });
  }

  /** The actor handles nothing more; in the middle of a step the step itself tells. */
  stopped(): void {
    if (this.#from !== undefined) return;
    const state = this.#tapped.state();
    const transitions = (): TakenTransition[] => [];
    this.#observer.stepped({ event: { type: "stop" }, from: state, to: state, transitions });
  }
}
