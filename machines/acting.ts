/** Joins a chart's named actions and guards to the methods of the object its context holds. */

interface Named {
  readonly type: string;
}

interface Arguments<Memory, Event> {
  readonly context: { readonly memory: Memory };
  readonly event: Event;
}

/**
 * `acting<Memory, Event>()` gives a function that types a body by the names of the events it is used with:
 * `const on = acting<Acceptor, AcceptorEvent>(); const promise = on<"prepare">((acceptor, prepare) => …)`.
 */
export function acting<Memory, Event extends Named>() {
  return <Name extends Event["type"], Result = void>(
      body: (memory: Memory, event: Extract<Event, { readonly type: Name }>) => Result,
    ) =>
    ({ context, event }: Arguments<Memory, Event>): Result =>
      body(context.memory, event as Extract<Event, { readonly type: Name }>);
}
