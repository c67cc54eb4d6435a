/** A connection for one command: made, or given up with the reason. */
import { systemClock } from "../../infra/clock/system-clock.ts";
import { NatsTransport } from "../../infra/transport/nats-transport.ts";
import type { ReportProblem } from "../../infra/transport/transport.ts";
import { isLoginRefused, notConnected } from "./not-connected.ts";
import type { Place } from "./where-to-connect.ts";

/** Long enough for a broker that is being started again. */
const connectTimeoutMs = 2_000;

/** Rejects with `NOT_CONNECTED`. `onProblem` hears of every problem that the transport meets. */
export function openTransport(
  place: Place,
  onProblem: ReportProblem = () => undefined,
): Promise<NatsTransport> {
  return new Promise((resolve, reject) => {
    let lastProblem: unknown;
    const transport = new NatsTransport({
      ...place.access,
      name: "synod",
      onProblem: (problem) => {
        const { cause } = problem;
        lastProblem = cause;
        onProblem(problem);
        if (isLoginRefused(cause)) giveUp();
      },
    });
    const cancel = systemClock.after(connectTimeoutMs, giveUp);
    transport.onConnectionChange((connected) => {
      cancel();
      if (connected) resolve(transport);
    });
    function giveUp(): void {
      cancel();
      void transport.close();
      reject(notConnected(place, lastProblem));
    }
  });
}
