/** A dozen keys on both sides of the region bounds, so that clients meet each other. */
export const keyNames = ["a", "b", "h", "i", "k", "m", "q", "r", "t", "z"] as const;
