/**
 * The page of `synod inspect` that feeds Stately's inspector, in a browser. The place of stately.ai takes a page with
 * the receiver of @statelyai/inspect, which is what the inspector hears with.
 */
import { fileURLToPath } from "node:url";
import type { StatelyInspectionEvent } from "@statelyai/inspect";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ClusterInspection } from "../../cli/inspect/cluster-inspection.ts";
import { InspectServer } from "../../cli/inspect/inspect-server.ts";
import { statelyPage } from "../../cli/inspect/stately-page.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import type { InspectionAnswer } from "../../infra/status/inspection.ts";
import type { InboundMessage, Transport } from "../../infra/transport/transport.ts";
import { proposerMachine } from "../../machines/proposer/proposer.ts";
import { describeInBrowser, lookEveryMs, SharedBrowser, type Page } from "./support/chromium.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

let server: InspectServer;
let browser: SharedBrowser;
let inspector: string;

/** A node with one actor, which answers whoever asks. */
function oneNode(): Transport {
  const handlers = new Map<string, (message: InboundMessage) => void>();
  const actor = { id: "n1/g1/proposer", machine: "proposer", state: "leading" } as const;
  const { context: _, ...chart } = proposerMachine.config;
  const answer: InspectionAnswer = {
    node: "n1",
    start: 1,
    sequence: 0,
    part: 1,
    parts: 1,
    actors: [{ ...actor, status: "active", contextSummary: { inFlight: 3 } }],
    machines: { proposer: chart },
  };
  const payload = Buffer.from(JSON.stringify(answer));
  const transport: Partial<Transport> = {
    connected: true,
    inboxPrefix: "_INBOX.viewer",
    onConnectionChange: () => undefined,
    subscribe: (subject, handler) => {
      handlers.set(subject, handler);
      return { close: () => void handlers.delete(subject) };
    },
    publish: (_, __, { reply = "" } = {}) => {
      const message = {
        payload,
        reply: undefined,
        headers: "none",
        header: () => undefined,
      } as const;
      handlers.get(reply)?.({ subject: reply, ...message });
    },
  };
  return transport as Transport;
}

async function receiverPage(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { createBrowserReceiver } from "@statelyai/inspect";
        globalThis.heard = [];
        createBrowserReceiver().subscribe((event) => void heard.push(event));`,
      resolveDir: root,
    },
    bundle: true,
    write: false,
    format: "iife",
    platform: "browser",
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "silent",
  });
  return `<!doctype html><title>inspector</title><script>${outputFiles[0]?.text ?? ""}</script>`;
}

/** Nothing leaves this machine: what would go to stately.ai is answered here. */
async function open(page: Page, body: string): Promise<void> {
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    const { hostname } = new URL(request.url());
    if (hostname === "127.0.0.1") void request.continue();
    else void request.respond({ contentType: "text/html", body });
  });
  await page.goto(`${server.url}/stately`);
}

/** What the receiver in the frame under this address has heard, once that is something. */
async function heardAt(page: Page, address: string): Promise<readonly StatelyInspectionEvent[]> {
  const frame = await page.waitForFrame(address);
  await frame.waitForFunction("globalThis.heard?.length > 0", { polling: lookEveryMs });
  return (await frame.evaluate("heard")) as readonly StatelyInspectionEvent[];
}

describeInBrowser("the bridge to Stately's inspector", () => {
  beforeAll(async () => {
    const inspection = new ClusterInspection({
      transport: oneNode(),
      clock: systemClock,
      prefix: "synod",
    });
    [server, browser, inspector] = await Promise.all([
      InspectServer.listen({ inspection, routes: statelyPage, port: 0 }),
      SharedBrowser.start(),
      receiverPage(),
    ]);
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  test("the inspector's receiver gets every actor with its chart, and again when it is loaded anew", async () => {
    await browser.withPage(async (page) => {
      await open(page, inspector);
      const heard = await heardAt(page, "https://stately.ai/inspect");
      expect(heard[0]).toMatchObject({
        type: "@xstate.actor",
        sessionId: "n1/g1/proposer",
        snapshot: { value: "leading", status: "active", context: { inFlight: 3 } },
      });
      const { definition = "" } = heard[0] as { readonly definition?: string };
      expect(JSON.parse(definition)).toMatchObject({ id: "proposer", initial: "dormant" });
      expect(await page.$eval("#note", (note) => note.hasAttribute("hidden"))).toBe(true);
      await page.$eval("iframe", (frame) =>
        frame.setAttribute("src", "https://stately.ai/inspect?again"),
      );
      const again = await heardAt(page, "https://stately.ai/inspect?again");
      expect(again[0]).toMatchObject({ type: "@xstate.actor", sessionId: "n1/g1/proposer" });
    });
  });

  test("nothing is sent before Stately's page asks, and to nobody else", async () => {
    await browser.withPage(async (page) => {
      await open(page, "<!doctype html><title>says nothing</title>");
      await page.evaluate(`new Promise((resolve) => {
        addEventListener("message", ({ data }) => data === "last" && resolve());
        window.postMessage({ type: "@statelyai.connected" }, "*");
        window.postMessage("last", "*");
      })`);
      // The page's own variable: it would have opened one at once.
      expect(await page.evaluate("socket === undefined")).toBe(true);
      expect(await page.$eval("#note", (note) => note.textContent)).toContain("needs the internet");
      expect(await page.$eval("#note", (note) => note.hasAttribute("hidden"))).toBe(false);
    });
  });
});
