/** A program that takes a lock and says again and again whether it holds it: JSON lines, each with the time. */
import { connect } from "../../../client/connect.ts";
import { systemClock } from "../../../infra/clock/system-clock.ts";

const [server = "", prefix = "", name = "", ttlMs = ""] = process.argv.slice(2);

/** The process may be stopped between a look and its words: the time is that before the look. */
function say(what: string, isHeld: () => boolean, token: number): void {
  const atMs = performance.timeOrigin + performance.now();
  const holds = isHeld();
  process.stdout.write(`${JSON.stringify({ what, holds, token, atMs })}\n`);
}

const synod = await connect({ servers: server, prefix });
const lock = await synod.bucket("locks").lock(name, { ttlMs: Number(ttlMs) });
const tell = (what: string): void => say(what, () => lock.isHeld, lock.token);
tell("taken");
lock.signal.addEventListener("abort", () => tell("lost"));
const look = (): void => {
  tell("looked");
  systemClock.after(10, look);
};
look();
