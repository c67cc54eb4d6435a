/** `synod inspect` in front of a real cluster, as a person at a browser sees it. */
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SynodProcess } from "../cli/support/synod.ts";
import { startCluster, type Cluster } from "../cluster/support/cluster.ts";
import { waitUntil } from "../support/wait-until.ts";
import { describeInBrowser, lookEveryMs, SharedBrowser, type Page } from "./support/chromium.ts";

let cluster: Cluster;
let browser: SharedBrowser;
let inspect: SynodProcess;
let port: number;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return free;
}

async function startInspect(): Promise<void> {
  const servers = cluster.topology.servers.join(",");
  const args = ["inspect", "--port", String(port), "--servers", servers];
  inspect = new SynodProcess(args, { directory: cluster.directory });
  await waitUntil("synod inspect serves", () => inspect.stdout.includes("Look at"), 20_000);
}

function until(page: Page, condition: string): Promise<unknown> {
  return page.waitForFunction(condition, { timeout: 20_000, polling: lookEveryMs });
}

function textOf(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) => element.textContent);
}

/** Waits until the page names the leader of which the nodes tell meanwhile. */
async function leaderShown(page: Page, group: string): Promise<string> {
  let shown = "";
  await waitUntil(
    () =>
      `the page names the leader of ${group}: it says ${shown}, they say ${cluster.leaderOf(group) ?? "nobody"}`,
    async () => {
      const cell = await page.$(`[data-group="${group}"] .leader`);
      shown = (await cell?.evaluate(({ textContent }) => textContent)) ?? "nothing";
      return shown === cluster.leaderOf(group);
    },
    20_000,
  );
  return shown;
}

/** Whom the overview names from now on, and the time by the browser's own clock; its rows may be made anew meanwhile. */
const noteLeaders = (group: string): string => `{
  globalThis.leadersShown = [];
  const note = () => {
    const text = document.querySelector('[data-group="${group}"] .leader')?.textContent ?? "";
    if (leadersShown.at(-1)?.text !== text) leadersShown.push({ atMs: Date.now(), text });
  };
  new MutationObserver(note).observe(document.querySelector("#overview"), {
    childList: true,
    characterData: true,
    subtree: true,
  });
}`;

describeInBrowser("synod inspect on a cluster", () => {
  beforeAll(async () => {
    [cluster, browser, port] = await Promise.all([
      startCluster(),
      SharedBrowser.start(),
      freePort(),
    ]);
    await startInspect();
  });
  afterAll(async () => {
    inspect.signal("SIGTERM");
    await Promise.all([inspect.ended, browser.close(), cluster.close()]);
  });

  test("shows every actor and every leader, and asks nobody else for anything", async () => {
    await browser.withPage(async (page, problems) => {
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      const network = await page.createCDPSession();
      await network.send("Network.enable");
      network.on("Network.webSocketCreated", ({ url }) => asked.push(url));
      await page.goto(`http://localhost:${port}/`);
      await until(
        page,
        `document.querySelector("#summary").textContent.startsWith("3 of 3 nodes")`,
      );
      const groups = cluster.topology.groups.map(({ name }) => name);
      const expected = cluster.topology.nodes.flatMap(({ name }) => [
        `${name}/node`,
        `${name}/region-manager`,
        ...groups.flatMap((group) =>
          ["acceptor", "birth", "checkpointer", "learner", "proposer"].map(
            (role) => `${name}/${group}/${role}`,
          ),
        ),
      ]);
      const actors = await page.$$eval("#tree [data-actor]", (rows) =>
        rows.map((row) => row.getAttribute("data-actor") ?? ""),
      );
      expect(new Set(actors)).toEqual(new Set(expected));
      expect(actors).toHaveLength(expected.length);
      for (const group of groups) {
        const leader = await leaderShown(page, group);
        // What is lit is what the node says of itself.
        await page.click(`[data-group="${group}"] [data-node="${leader}"] a`);
        await page.waitForSelector("#state-leading.active");
        expect(await textOf(page, "#actor h1")).toBe(`${leader}/${group}/proposer`);
        await page.waitForSelector("#actor .events li");
        await page.waitForSelector("#actor text.taken");
        await page.keyboard.press("o");
      }
      expect(asked.length).toBeGreaterThanOrEqual(5);
      for (const url of asked) expect(new URL(url).host).toBe(`localhost:${port}`);
      expect(asked.some((url) => url.startsWith("ws:"))).toBe(true);
      expect(problems.all).toEqual([]);
    });
  });

  test("a leader killed with kill -9 is seen to be followed by another within two seconds", async () => {
    await browser.withPage(async (page, problems) => {
      const group = "g1";
      await page.goto(`http://localhost:${port}/`);
      const killed = await leaderShown(page, group);
      await page.evaluate(noteLeaders(group));
      const killedMs = Date.now();
      await cluster.kill(killed);
      await until(
        page,
        `leadersShown.some(({ text }) => /^n\\d$/.test(text) && text !== "${killed}")`,
      );
      const shownMs = (await page.evaluate(
        `leadersShown.find(({ text }) => /^n\\d$/.test(text) && text !== "${killed}").atMs`,
      )) as number;
      const rise = `[...document.querySelectorAll("#overview .changes li")].find(
        ({ textContent }) => /n\\d\\/${group}\\/proposer.*→ leading/.test(textContent))`;
      await until(page, `${rise} !== undefined`);
      const roseMs = Date.parse(
        (await page.evaluate(`${rise}.querySelector("time").dateTime`)) as string,
      );
      console.log(
        `killed at 0 ms, another one led at ${roseMs - killedMs} ms, the page showed it at ${shownMs - killedMs} ms`,
      );
      expect(shownMs - roseMs).toBeLessThan(2_000);
      await page.waitForSelector(`#tree [data-path="${killed}"][data-tone="gone"]`);
      expect(await textOf(page, `[data-group="${group}"] [data-node="${killed}"]`)).toContain(
        "was leading",
      );
      cluster.start(killed);
      await until(
        page,
        `document.querySelector("#summary").textContent === "3 of 3 nodes · 3 of 3 groups led"`,
      );
      await page.waitForSelector(`#tree [data-actor="${killed}/node"][data-state="serving"]`);
      expect(problems.all).toEqual([]);
    });
    await cluster.waitUntilServing();
  });

  test("a page that outlives synod inspect and the nats-server goes on when they are back", async () => {
    await browser.withPage(async (page) => {
      await page.goto(`http://localhost:${port}/`);
      await until(page, `document.querySelector("#connection").textContent === "live"`);
      await cluster.killBroker();
      await until(
        page,
        `document.querySelector("#notice").textContent.includes("nats-server cannot be reached")`,
      );
      await cluster.restartBroker();
      await until(page, `document.querySelector("#notice").hidden`);
      inspect.signal("SIGTERM");
      await inspect.ended;
      await until(
        page,
        `document.querySelector("#notice").textContent.includes("synod inspect does not answer")`,
      );
      await startInspect();
      await until(page, `document.querySelector("#notice").hidden`);
      await until(
        page,
        `document.querySelector("#summary").textContent === "3 of 3 nodes · 3 of 3 groups led"`,
      );
    });
  });
});
