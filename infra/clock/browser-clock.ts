/** The real clock in a browser: as in Node but for the way to do something at the end of the turn. */
import type { Clock } from "./clock.ts";
import { systemClock } from "./system-clock.ts";

const due: (() => void)[] = [];
// Timers are held up to a second in a page that nobody looks at, messages are not.
const { port1, port2 } = new MessageChannel();
(port1 as { onmessage?: () => void }).onmessage = () => due.shift()?.();

export const browserClock: Clock = {
  ...systemClock,
  defer(callback) {
    due.push(callback);
    port2.postMessage(undefined);
  },
};
