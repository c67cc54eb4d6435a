/** Somebody who looks on as messages travel over the simulated network: a trace, a chart. Nothing changes by it. */
import type { SimulatedMessage } from "./simulated-transport.ts";

export type Drop = "cut" | "sifted" | "lost" | "lost in flight";

export interface NetworkObserver {
  /** A copy of a message leaves for one receiver. Returns a number that stands for the copy from here on. */
  left(message: SimulatedMessage, receiver: string): number;
  arrived(copy: number): void;
  dropped(copy: number, why: Drop): void;
}
