/**
 * Hosts one machine as an actor: a mailbox in front of it, its effects carried out behind it, its failures reported.
 * An actor is addressed by its role and store group; whether the sender sits in this process or behind a NATS
 * subject makes no difference to it.
 */
import type { AnyStateMachine } from "xstate";
import type { Clock } from "../infra/clock/clock.ts";
import type { ActorStatus, ChartDefinition } from "../infra/status/inspection.ts";
import { ChartInterpreter } from "./chart-interpreter.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { Deadlines } from "./deadlines.ts";
import { ActorTap, type ActorObserver } from "./inspection/actor-tap.ts";

/** What a machine's context refers to: it fills the outbox while it handles an event. */
export interface Memory<Effect> {
  readonly outbox: Effect[];
  toJSON(): Record<string, unknown>;
}

/** An actor as it is seen from outside. */
export interface Inspectable {
  readonly name: string;
  /** The id of its chart. */
  readonly machine: string;
  readonly definition: ChartDefinition;
  readonly state: string;
  readonly status: ActorStatus;
  readonly failure: Error | undefined;
  readonly memory: { toJSON(): Record<string, unknown> };
  /** In place of whoever observed it before; undefined = nobody does any more. */
  observe(observer: ActorObserver | undefined): void;
}

/** What all actors under one supervisor share. */
export interface HostOptions {
  readonly clock: Clock;
  readonly dispatcher: Dispatcher;
  /** Called with every new actor before it is started; one of the same name takes the place of the last. */
  readonly made?: (actor: Inspectable) => void;
  /** The machine, or an effect of it, threw: the actor handles nothing any more. */
  readonly failed: (reason: Error) => void;
}

export interface ActorOptions<Effect, Kept extends Memory<Effect>> extends HostOptions {
  /** `role` or `group/role`: how inspection and logs name it. */
  readonly name: string;
  readonly logic: AnyStateMachine;
  readonly memory: Kept;
  /** Carries out one effect. Called in order, after the event that led to it was handled completely. */
  readonly perform: (effect: Effect) => void;
}

/** Every event says when it was taken; hosts read the clocks when they post it. */
export interface Timed {
  readonly nowMs: number;
  readonly wallMs: number;
}

export class Actor<
  Event extends { readonly type: string },
  Effect extends { readonly type: string },
  Kept extends Memory<Effect> = Memory<Effect>,
> implements Inspectable {
  readonly name: string;
  readonly memory: Kept;
  readonly #options: ActorOptions<Effect, Kept>;
  readonly #interpreter: ChartInterpreter;
  readonly #deadlines: Deadlines;
  readonly #mailbox: Event[] = [];
  #tap: ActorTap | undefined;
  #failure: Error | undefined;
  #stopped = false;

  constructor(options: ActorOptions<Effect, Kept>) {
    this.name = options.name;
    this.memory = options.memory;
    this.#options = options;
    this.#interpreter = new ChartInterpreter(options.logic, options.memory, (error) =>
      this.#fail(error),
    );
    this.#deadlines = new Deadlines(options.clock, (name, times) => {
      this.post({ type: "deadline", name, ...times } as unknown as Event);
    });
    options.made?.(this);
  }

  get machine(): string {
    return this.#options.logic.id;
  }

  get definition(): ChartDefinition {
    return this.#options.logic.config as ChartDefinition;
  }

  /** The chart's active state. */
  get state(): string {
    const value: unknown = this.#interpreter.snapshot.value;
    return typeof value === "string" ? value : "";
  }

  get status(): ActorStatus {
    if (this.#failure !== undefined) return "failed";
    return this.#stopped ? "stopped" : "active";
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  start(): void {
    this.#tap?.starting();
    this.#interpreter.start();
    this.#carryOut();
    this.#tap?.started();
  }

  observe(observer: ActorObserver | undefined): void {
    const tapped = {
      machine: this.#options.logic,
      snapshot: () => this.#interpreter.snapshot,
      state: () => this.state,
    };
    this.#tap = observer && new ActorTap(tapped, observer);
  }

  /** Puts the event into the mailbox; events are handled one at a time, in the order of posting across all actors of the node. */
  post(event: Event): void {
    if (this.#stopped) return;
    this.#mailbox.push(event);
    this.#options.dispatcher.ready(this);
  }

  /** Called by the dispatcher, once per posted event. */
  handleNext(): void {
    const event = this.#mailbox.shift();
    if (event === undefined || this.#stopped) return;
    this.#tap?.handling(event);
    this.#interpreter.send(event);
    this.#carryOut();
    this.#tap?.handled(event);
  }

  setDeadline(name: string, atMs: number | undefined): void {
    this.#deadlines.set(name, atMs);
  }

  /** Nothing is handled, sent or stored on its behalf from here on. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#mailbox.length = 0;
    this.#deadlines.clear();
    this.#interpreter.stop();
    this.#tap?.stopped();
  }

  #carryOut(): void {
    const { outbox } = this.memory;
    // A machine that failed half-way has said things it may not stand by.
    if (this.#hasFailed()) return;
    if (outbox.length === 0) return;
    for (const effect of outbox.splice(0)) {
      if (this.#stopped) return;
      try {
        this.#options.perform(effect);
      } catch (error) {
        return this.#fail(error);
      }
    }
  }

  #hasFailed(): boolean {
    const { status, error } = this.#interpreter.snapshot;
    if (status === "error") this.#fail(error);
    return this.#failure !== undefined;
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.stop();
    this.#options.failed(this.#failure);
  }
}
