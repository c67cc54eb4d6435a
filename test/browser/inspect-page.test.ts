/** The page of `synod inspect` in a browser, with a stream that says what the test wants. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { InspectionEvent, TakenTransition } from "../../infra/status/inspection.ts";
import {
  describeInBrowser,
  lookEveryMs,
  SharedBrowser,
  type Page,
  type PageProblems,
} from "./support/chromium.ts";
import { FakeInspect, nodesLike } from "./support/fake-inspect.ts";

const groups = ["meta", ...Array.from({ length: 9 }, (_, at) => `g${at + 1}`)];
let browser: SharedBrowser;
let fake: FakeInspect;
let sequence = 0;

async function onPage(
  run: (page: Page, problems: PageProblems) => Promise<void>,
  path = "",
): Promise<void> {
  await browser.withPage(async (page, problems) => {
    await page.goto(`${fake.url}${path}`);
    await page.waitForSelector("#tree [data-actor]");
    await run(page, problems);
  });
}

function happens(
  actor: string,
  from: string,
  to: string,
  event: string,
  transitions: readonly TakenTransition[] = [],
  more: Partial<InspectionEvent> = {},
): void {
  const [node = ""] = actor.split("/");
  sequence += 1;
  fake.say({
    type: "transition",
    node,
    start: 1,
    sequence,
    atMs: Date.now(),
    actor,
    machine: actor.slice(actor.lastIndexOf("/") + 1),
    status: "active",
    event: { type: event },
    from,
    to,
    passed: [],
    transitions,
    skipped: 0,
    memory: {},
    ...more,
  });
}

function textOf(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) => element.textContent);
}

/** Waits until the page says so. */
async function shows(page: Page, selector: string, text: string): Promise<void> {
  const [where, what] = [JSON.stringify(selector), JSON.stringify(text)];
  await page.waitForFunction(
    `document.querySelector(${where})?.textContent.includes(${what}) === true`,
    { timeout: 15_000, polling: lookEveryMs },
  );
}

describeInBrowser("the page of synod inspect", () => {
  beforeAll(async () => {
    browser = await SharedBrowser.start();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    fake = await FakeInspect.start(nodesLike(7, groups));
  });
  afterEach(() => fake.stop());

  test("seven nodes with ten groups are all there, and every group's leader", async () => {
    await onPage(async (page, problems) => {
      const actors = await page.$$eval("#tree [data-actor]", (rows) => rows.length);
      expect(actors).toBe(7 * (2 + 10 * 5));
      await shows(page, "#summary", "7 of 7 nodes · 10 of 10 groups led");
      const cells = await page.$$eval("#overview .replica a", (links) => links.length);
      expect(cells).toBe(70);
      expect(await textOf(page, '[data-group="g8"] .leader')).toBe("n2");
      expect(await textOf(page, '[data-group="g8"] [data-node="n2"]')).toContain("ballot 1.4");
      expect(problems.all).toEqual([]);
    });
  });

  test("a change of state lights the chart, and the arrow that was taken", async () => {
    await onPage(async (page, problems) => {
      await page.waitForSelector("#state-following.active");
      const election = { source: "following", event: "deadline", index: 0 };
      happens("n2/g3/proposer", "following", "preVoting", "deadline", [election]);
      await page.waitForSelector("#state-preVoting.active");
      expect(await page.$$eval("#actor .active", (lit) => lit.length)).toBe(1);
      const arrows = await page.$$eval("#actor .transition.taken", (taken) =>
        taken.map((arrow) => [arrow.getAttribute("data-from"), arrow.getAttribute("data-to")]),
      );
      expect(arrows).toEqual([["following", "preVoting"]]);
      expect(await textOf(page, "#actor .transition text.taken")).toBe("deadline [electionIsDue]");
      expect(await textOf(page, "#actor .events li")).toContain("following → preVoting");
      expect(await textOf(page, '#tree [data-actor="n2/g3/proposer"]')).toContain("preVoting");
      expect(problems.all).toEqual([]);
    }, "#/n2/g3/proposer");
  });

  test("what is handled in every state is lit where it stands", async () => {
    await onPage(async (page) => {
      await page.waitForSelector("#state-voting.active");
      const heartbeat = { source: "", event: "heartbeat", index: 2 };
      const more = { skipped: 4, memory: { promise: "1.9@a", waiting: 12_345 } };
      happens("n1/g1/acceptor", "voting", "voting", "heartbeat", [heartbeat], more);
      await page.waitForSelector("#actor .everywhere text.taken");
      expect(await page.$$eval("#actor text.taken", (lit) => lit.length)).toBe(1);
      expect(await textOf(page, "#actor .events li")).toContain("and 4 more");
      expect(await textOf(page, "#actor .memory")).toBe("promise1.9@awaiting12,345");
    }, "#/n1/g1/acceptor");
  });

  test("a list of events that is held stands still, and then shows what came meanwhile", async () => {
    await onPage(async (page) => {
      await page.waitForSelector("#state-voting.active");
      happens("n1/g1/acceptor", "voting", "voting", "prepare");
      await shows(page, "#actor .events", "prepare");
      await page.click("#actor .choices label:last-child");
      happens("n1/g1/acceptor", "voting", "voting", "accept", [], { memory: { waiting: 2 } });
      await shows(page, "#actor .memory", "waiting2");
      expect(await textOf(page, "#actor .events")).not.toContain("accept");
      await page.click("#actor .choices label:last-child");
      await shows(page, "#actor .events li", "accept");
      await page.click("#actor .choices label:first-child");
      expect(await page.$$("#actor .events li")).toEqual([]);
    }, "#/n1/g1/acceptor");
  });

  test("a new leader is one of the overview and of the last changes", async () => {
    await onPage(async (page) => {
      fake.say({ type: "node-gone", node: "n2" });
      happens("n5/g1/proposer", "preparing", "leading", "promised");
      await shows(page, '[data-group="g1"] .leader', "n5");
      expect(await textOf(page, '[data-group="g1"] [data-node="n2"]')).toContain("was leading");
      expect(await textOf(page, '[data-group="g8"] .leader')).toBe("nobody");
      await shows(page, "#overview .changes", "n5/g1/proposerpreparing → leading");
      expect(await textOf(page, "#summary")).toBe("6 of 7 nodes · 9 of 10 groups led");
      fake.say({ type: "node-back", node: "n2" });
      await shows(page, "#overview .changes", "n2is back");
    });
  });

  test("a node that a group counts on and nobody ever heard is shown as gone", async () => {
    const [first, ...others] = nodesLike(3, ["meta"]);
    const nodes = first === undefined ? [] : [first, ...others];
    const births = nodes.map((node) => ({
      ...node,
      actors: node.actors.map((actor) =>
        actor.machine === "birth"
          ? { ...actor, contextSummary: { members: ["n1", "n2", "n3", "n4"] } }
          : actor,
      ),
    }));
    await onPage(async (page) => {
      fake.say({ type: "snapshot", nodes: births });
      await page.waitForSelector('#tree [data-path="n4"][data-tone="gone"]');
    });
  });

  test("the filter finds actors by all of its words", async () => {
    await onPage(async (page) => {
      await page.keyboard.press("/");
      await page.keyboard.type("N2 lead");
      const found = await page.$$eval("#tree [data-actor]", (rows) =>
        rows.filter((row) => row.checkVisibility()).map((row) => row.getAttribute("data-actor")),
      );
      expect(found).toEqual(["n2/g1/proposer", "n2/g8/proposer"]);
      await page.keyboard.press("Enter");
      await page.keyboard.press("Enter");
      await shows(page, "#actor h1", "n2/g1/proposer");
      await page.keyboard.press("/");
      await page.keyboard.type("N2 lead nothing is like this");
      expect(await page.$eval("#nothing-found", (note) => note.hidden)).toBe(false);
      await page.keyboard.press("Escape");
      expect(await page.$eval("#filter", (input) => input.value)).toBe("");
      expect(await page.$eval("#nothing-found", (note) => note.hidden)).toBe(true);
    });
  });

  test("the keys are enough: tree, actor, overview", async () => {
    await onPage(async (page) => {
      await page.focus('#tree [tabindex="0"]');
      // n1, node, region-manager, meta, its proposer.
      for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"]) {
        await page.keyboard.press(key as "ArrowDown");
      }
      await page.keyboard.press("Enter");
      await shows(page, "#actor h1", "n1/meta/proposer");
      await page.waitForSelector("#state-leading.active");
      const focused = await page.evaluate("document.activeElement.dataset.path");
      expect(focused).toBe("n1/meta/proposer");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowLeft");
      expect(await page.$('#tree [data-path="n1/meta"][aria-expanded="false"]')).not.toBeNull();
      await page.keyboard.press("f");
      expect(await page.$(".chart-pane.whole")).not.toBeNull();
      await page.keyboard.press("o");
      await page.waitForSelector("#overview:not([hidden])");
    });
  });

  test("it says when the server is gone, and goes on by itself when it is back", async () => {
    await onPage(async (page) => {
      await shows(page, "#connection", "live");
      await fake.stop();
      await shows(page, "#notice", "synod inspect does not answer");
      fake.nodes = nodesLike(3, ["meta", "g1"]);
      await fake.startAgain();
      await shows(page, "#connection", "live");
      expect(await page.$eval("#notice", (notice) => notice.hidden)).toBe(true);
      await shows(page, "#summary", "3 of 7 nodes");
      happens("n3/g1/proposer", "preparing", "leading", "promised");
      await shows(page, '[data-group="g1"] .leader', "n3");
    });
  });

  test("it says when no node answers, and when the nats-server is gone", async () => {
    await onPage(async (page) => {
      for (const { node } of nodesLike(7, [])) fake.say({ type: "node-gone", node });
      await shows(page, "#notice", "No node answers");
      fake.say({ type: "connection", connected: false });
      await shows(page, "#notice", "The nats-server cannot be reached");
      expect(await textOf(page, "#connection")).toBe("waiting");
    });
  });

  test("an actor that failed says why, wherever it is shown", async () => {
    await onPage(async (page) => {
      const failure = { code: "INVARIANT_VIOLATED", text: "a slot has one value" };
      happens("n3/g2/acceptor", "voting", "voting", "accept", [], { status: "failed", failure });
      await shows(page, "#actor .status", "failed in voting: INVARIANT_VIOLATED, a slot has one");
      await page.waitForSelector('#tree [data-actor="n3/g2/acceptor"][data-tone="bad"]');
      await page.keyboard.press("o");
      await page.waitForSelector('[data-group="g2"] [data-node="n3"][data-tone="bad"]');
      expect(await textOf(page, '[data-group="g2"] [data-node="n3"] .word')).toBe("failed");
    }, "#/n3/g2/acceptor");
  });

  test("a leader that was replaced and has not noticed is no leader", async () => {
    await onPage(async (page) => {
      const memory = { promise: "1.10@5", chosenThrough: 1204 };
      happens("n5/g1/acceptor", "voting", "voting", "prepare", [], { memory });
      happens("n5/g1/proposer", "preparing", "leading", "promised");
      await shows(page, '[data-group="g1"] .leader', "n5");
      expect(await textOf(page, '[data-group="g1"] .leader')).toBe("n5");
      expect(await textOf(page, '[data-group="g1"] [data-node="n2"]')).toContain("superseded");
    });
  });

  test("what nodes say is text and never part of the page", async () => {
    await onPage(async (page, problems) => {
      const evil = `<img src="/x" onerror="document.title='taken over'">`;
      const more = { memory: { [evil]: evil }, event: { type: evil, name: evil } };
      happens("n1/g1/proposer", evil, evil, evil, [], more);
      await shows(page, "#actor .memory", "onerror");
      expect(await page.$$("img")).toEqual([]);
      expect(await page.title()).toBe("n1/g1/proposer - Synod");
      expect(problems.all).toEqual([]);
    }, "#/n1/g1/proposer");
  });

  test("an actor of another version, without a picture here, is shown all the same", async () => {
    await onPage(async (page) => {
      const more = { machine: "oracle", memory: { seen: 7 } };
      happens("n1/g1/birth", "born", "reborn", "birthAsk", [], more);
      await shows(page, ".chart-pane", "This version has no picture of oracle.");
      expect(await textOf(page, "#actor .memory")).toBe("seen7");
    }, "#/n1/g1/birth");
  });
});
