/**
 * A flavoured primitive: plain values may be assigned to it, but two different flavours never mix. It keeps
 * a slot from being passed where a revision is meant without making arithmetic a ceremony.
 */
export type Flavor<Value, Name extends string> = Value & { readonly flavor?: Name };
