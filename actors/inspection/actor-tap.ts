/** Notes what one actor does while somebody looks at it. Without a tap an actor only finds out that it has none. */
import type { AnyActorRef, AnyTransitionDefinition, StateNode } from "xstate";
import type { TakenTransition } from "../../infra/status/inspection.ts";

/** One event, handled completely. */
export interface Step {
  readonly event: { readonly type: string };
  /** "" when the actor has just been started. */
  readonly from: string;
  readonly to: string;
  readonly transitions: readonly TakenTransition[];
}

export interface ActorObserver {
  /** Must not throw: it is called while the node's actors handle their mail. */
  stepped(step: Step): void;
}

/** Another transition of one event says nothing new. */
const transitionsMax = 8;

type Transition = AnyTransitionDefinition;

export class ActorTap {
  readonly #observer: ActorObserver;
  readonly #stateOf: () => string;
  readonly #subscription: { unsubscribe(): void };
  readonly #taken: Transition[] = [];
  #from: string | undefined;

  constructor(actor: AnyActorRef, stateOf: () => string, observer: ActorObserver) {
    this.#observer = observer;
    this.#stateOf = stateOf;
    // Called in the middle of a step: what it throws would be taken for a failure of the machine.
    this.#subscription = actor.system.inspect((seen) => {
      if (seen.type !== "@xstate.microstep") return;
      const { _transitions: transitions } = seen;
      this.#taken.push(...transitions);
    });
  }

  begin(from: string): void {
    this.#taken.length = 0;
    this.#from = from;
  }

  end(event: { readonly type: string }): void {
    const from = this.#from;
    if (from === undefined) return;
    this.#from = undefined;
    const transitions = this.#taken.slice(0, transitionsMax).map(nameOf);
    this.#observer.stepped({ event, from, to: this.#stateOf(), transitions });
  }

  /** The actor handles nothing more; in the middle of a step the step itself tells. */
  stopped(): void {
    if (this.#from !== undefined) return;
    const state = this.#stateOf();
    this.#observer.stepped({ event: { type: "stop" }, from: state, to: state, transitions: [] });
  }

  close(): void {
    this.#subscription.unsubscribe();
  }
}

function nameOf(transition: Transition): TakenTransition {
  const { eventType } = transition;
  const source = transition.source as StateNode;
  const alike = eventType === "" ? source.always : source.transitions.get(eventType);
  return {
    source: source.path.join("."),
    event: eventType,
    index: alike?.indexOf(transition) ?? -1,
  };
}
