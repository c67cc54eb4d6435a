/** The client in a browser, over NATS WebSocket, against a cluster of real processes. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../broker/real-broker.ts";
import { startCluster, type Cluster } from "../cluster/support/cluster.ts";
import type * as synod from "../../client/index.ts";
import { connect, type SynodClient } from "../../client/index.ts";
import { describeInBrowser, type Page } from "./support/chromium.ts";
import { servePages, type ClientPages } from "./support/client-page.ts";

/** Chromium's words for how nats-server before 2.10 ends a WebSocket that the page has closed. */
const brokenFarewell = /^WebSocket connection to .* failed: Received a broken close frame/;
/** And for a server that is not there. */
const failedConnection = /^WebSocket connection to .* failed/;

/** As a script in the page sees it. */
declare const window: {
  readonly synod: typeof synod;
  client: SynodClient;
  counting: { acknowledged: number; wrong: string };
  seen: string[];
};

describeInBrowser("the client in a browser", () => {
  let cluster: Cluster;
  let pages: ClientPages;
  let address: string;

  beforeAll(async () => {
    const webSocketPort = await freePort();
    address = `ws://127.0.0.1:${webSocketPort}`;
    pages = await servePages();
    cluster = await startCluster({ webSocketPort });
  });
  afterAll(async () => {
    await pages?.close();
    await cluster?.close();
  });

  /** The page's own client is `client`, opened once for each test. */
  async function inPage<Result>(
    run: (page: Page) => Promise<Result>,
    expectedProblems = brokenFarewell,
  ): Promise<Result> {
    return pages.open(async (page, problems) => {
      await page.evaluate(async (servers) => {
        window.client = await window.synod.connect({ servers });
      }, address);
      const result = await run(page);
      await page.evaluate(() => window.client.close());
      const unexpected = problems.all.filter((text) => !expectedProblems.test(text));
      expect(unexpected).toEqual([]);
      return result;
    });
  }

  test("puts, gets, counts and deletes, and others see it", async () => {
    const seen = await inPage((page) =>
      page.evaluate(async () => {
        const bucket = window.client.bucket("pages");
        const revision = await bucket.put("größe", "grüß dich");
        const entry = await bucket.get("größe");
        await bucket.put("gone", "soon");
        await bucket.delete("gone");
        return {
          sameRevision: entry?.revision === revision,
          text: entry?.string(),
          sum: await bucket.increment("visits", 2 ** 40),
          isGone: (await bucket.find("gone")) === null,
        };
      }),
    );
    expect(seen).toEqual({ sameRevision: true, text: "grüß dich", sum: 2 ** 40, isGone: true });
    await using other = await connect({ servers: cluster.topology.servers });
    expect((await other.bucket("pages").get("größe"))?.string()).toBe("grüß dich");
  });

  test("carries any bytes, large values too", async () => {
    const length = 512 * 1024;
    const sum = await inPage((page) =>
      page.evaluate(async (length) => {
        const bucket = window.client.bucket("pages");
        const value = Uint8Array.from({ length }, (_, index) => index % 251);
        await bucket.put(Uint8Array.of(0, 255, 128), value);
        const entry = await bucket.get(Uint8Array.of(0, 255, 128));
        return entry?.value.reduce((sum, byte, index) => sum + (byte === value[index] ? 1 : 0), 0);
      }, length),
    );
    expect(sum).toBe(length);
  });

  test("ranges over several groups, whole and from cursor to cursor", async () => {
    const [whole, paged] = await inPage((page) =>
      page.evaluate(async () => {
        const bucket = window.client.bucket();
        const names = ["a", "é", "k", "m", "t", "z"];
        await Promise.all(names.map((name) => bucket.put(`range-${name}`, name)));
        await Promise.all(names.map((name) => bucket.put(name, name)));
        const whole: string[] = [];
        for await (const entry of bucket.range()) whole.push(entry.key);
        const paged: string[] = [];
        let cursor: string | undefined;
        do {
          const at = cursor === undefined ? {} : { cursor };
          const page = await bucket.range({ reverse: true, limit: 4, ...at }).page();
          paged.push(...page.entries.map(({ key }) => key));
          cursor = page.cursor;
        } while (cursor !== undefined);
        return [whole, paged];
      }),
    );
    expect(whole).toHaveLength(12);
    expect(paged).toEqual(whole?.toReversed());
  });

  test("runs transactions, and a conflict is the error that it is in Node", async () => {
    const seen = await inPage((page) =>
      page.evaluate(async () => {
        const { client, synod } = window;
        const bucket = client.bucket("accounts");
        await bucket.put("alice", "10");
        await client.transaction(async (transaction) => {
          const accounts = transaction.bucket("accounts");
          const balance = Number((await accounts.get("alice"))?.string());
          accounts.put("alice", String(balance - 3));
          accounts.increment("bob", 3);
        });
        const conflict: unknown = await bucket
          .create("alice", "x")
          .catch((error: unknown) => error);
        const isConflict = conflict instanceof synod.ConflictError;
        return {
          alice: (await bucket.get("alice"))?.string(),
          bob: (await bucket.get("bob"))?.string(),
          isConflict,
          code: isConflict && conflict.code,
          outcome: isConflict && conflict.outcome,
        };
      }),
    );
    const outcome = "not executed";
    expect(seen).toEqual({ alice: "7", bob: "3", isConflict: true, code: "CONFLICT", outcome });
  });

  test("watches: what is there, what others change, and what they changed while it was cut off", async () => {
    await using other = await connect({ servers: cluster.topology.servers, timeoutMs: 30_000 });
    const config = other.bucket("config");
    await config.put("first", "1");
    await inPage(async (page) => {
      await page.evaluate(async () => {
        const seen: string[] = [];
        window.seen = seen;
        const watch = await window.client.bucket("config").watch();
        void (async () => {
          for await (const { operation, key, length } of watch) {
            seen.push(`${operation} ${key} ${length}`);
            if (seen.length === 23) watch.stop();
          }
          seen.push("stopped");
        })();
      });
      const sees = (count: number): Promise<unknown> =>
        page.waitForFunction((count) => window.seen.length >= count, {}, count);
      await sees(1);
      await config.put("second", "22");
      await config.delete("first");
      await sees(3);
      await cluster.killBroker();
      await cluster.restartBroker();
      for (let turn = 0; turn < 20; turn++) await config.put("third", "3".repeat(turn));
      await sees(24);
      const expected = ["PUT first 1", "PUT second 2", "DEL first 0"];
      for (let turn = 0; turn < 20; turn++) expected.push(`PUT third ${turn}`);
      expected.push("stopped");
      expect(await page.evaluate(() => window.seen)).toEqual(expected);
    }, failedConnection);
  });

  test("goes on by itself after the NATS server was started again, and nothing is executed twice", async () => {
    await inPage(async (page) => {
      await page.evaluate(() => {
        const counting = { acknowledged: 0, wrong: "" };
        window.counting = counting;
        const bucket = window.client.bucket("counters");
        void (async () => {
          while (counting.wrong === "") {
            try {
              const sum = await bucket.increment("steps", 1, { timeoutMs: 30_000 });
              counting.acknowledged += 1;
              if (sum !== counting.acknowledged) counting.wrong = `${sum}`;
            } catch (error) {
              counting.wrong = String(error);
            }
          }
        })();
      });
      const countsTo = (more: number): Promise<unknown> =>
        page.waitForFunction((more) => window.counting.acknowledged >= more, {}, more);
      await countsTo(20);
      await cluster.killBroker();
      const before = await page.evaluate(() => window.counting.acknowledged);
      await cluster.restartBroker();
      await countsTo(before + 20);
      const wrong = await page.evaluate(() => {
        const { wrong } = window.counting;
        window.counting.wrong = "stopped";
        return wrong;
      });
      expect(wrong).toBe("");
    }, failedConnection);
  });

  test("fails as told when nobody listens, and when a setting is not for browsers", async () => {
    const failures = await pages.open((page) =>
      page.evaluate(async (servers) => {
        const { connect, SynodError } = window.synod;
        const attempts = [
          { servers: "ws://127.0.0.1:1", connectTimeoutMs: 300 },
          { servers: "nats://127.0.0.1:4222" },
          { servers, credentialsFile: "user.creds" },
          { servers, prefix: "nobody", connectTimeoutMs: 300 },
        ];
        return Promise.all(
          attempts.map((options) =>
            connect(options).then(
              () => "connected",
              (error: unknown) => (error instanceof SynodError ? error.code : String(error)),
            ),
          ),
        );
      }, address),
    );
    expect(failures).toEqual(["NOT_CONNECTED", "BAD_REQUEST", "BAD_REQUEST", "UNAVAILABLE"]);
  });
});
