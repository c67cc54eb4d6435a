/** Serves the inspection of one cluster until it is asked to stop. */
import { systemClock } from "../../infra/clock/system-clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { withoutPassword } from "../connection/not-connected.ts";
import { openTransport } from "../connection/open-transport.ts";
import { whereToConnect, type Place } from "../connection/where-to-connect.ts";
import type { InspectOptions } from "../commands/inspect.ts";
import type { Screen } from "../output/screen.ts";
import { onStopSignals } from "../stop-signals.ts";
import { ClusterInspection } from "./cluster-inspection.ts";
import { InspectServer } from "./inspect-server.ts";
import { openBrowser } from "./open-browser.ts";
import { pages } from "./pages.ts";

/** A node that runs answers in milliseconds; on a machine that is very busy it may take longer. */
const answerTimeoutMs = 3_000;
const lookIntervalMs = 20;

/** Resolves when everything is closed. */
export async function runInspection(options: InspectOptions, screen: Screen): Promise<void> {
  const place = whereToConnect(options, process.env, process.cwd());
  const transport = await openTransport(place);
  try {
    const inspection = new ClusterInspection({
      transport,
      clock: systemClock,
      prefix: place.prefix,
    });
    await someNode(inspection, place);
    const server = await InspectServer.listen({ inspection, routes: pages(), port: options.port });
    const { url } = server;
    screen.say(`Look at ${url}`);
    screen.note(`  Stately's inspector: ${url}/stately (needs the internet). Ctrl-C ends this.`);
    if (options.open === true) {
      openBrowser(url, () =>
        screen.note("  The browser could not be opened; open the page yourself."),
      );
    }
    await askedToStop();
    await server.close();
  } finally {
    await transport.close();
  }
}

/** Resolves when a node answers and is heard: a page that stays empty, or as it was, would not tell why. */
function someNode(inspection: ClusterInspection, place: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopListening = inspection.listen(() => undefined);
    const deadlineMs = systemClock.monotonicMs() + answerTimeoutMs;
    const look = (): void => {
      const { nodes } = inspection;
      const isHeard = nodes.some(({ tells }) => tells);
      const isOver = isHeard || systemClock.monotonicMs() >= deadlineMs;
      if (!isOver) return void systemClock.after(lookIntervalMs, look);
      stopListening();
      if (isHeard) resolve();
      else reject(nodes.length > 0 ? nobodyIsHeard(place) : nobodyAnswers(place));
    };
    look();
  });
}

function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    onStopSignals(
      () => resolve(),
      () => process.exit(0),
    );
  });
}

function nobodyAnswers({ access, prefix }: Place): SynodError {
  const servers = access.servers.map(withoutPassword).join(", ");
  return new SynodError(
    "UNAVAILABLE",
    `no node behind ${servers} shows its actors, under the prefix ${prefix}`,
    {
      nextStep: `Look at \`synod status\`; this user also has to be allowed to ask ${prefix}.admin.get.> and to hear ${prefix}.events.>.`,
    },
  );
}

function nobodyIsHeard({ prefix }: Place): SynodError {
  const message = "nodes show their actors, but nothing is heard of what these do";
  const nextStep = `Use a user that may listen to ${prefix}.events.>: nats.conf gives that to clients, unless the line was left out.`;
  return new SynodError("UNAVAILABLE", message, { nextStep });
}
