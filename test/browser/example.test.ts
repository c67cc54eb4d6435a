/** examples/browser with `synod dev --websocket-port`, as its first lines say. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../broker/real-broker.ts";
import { DevProcess, runSynod } from "../cli/support/synod.ts";
import { describeInBrowser, withPage } from "./support/chromium.ts";
import { bundleInto } from "./support/client-page.ts";

const examples = fileURLToPath(new URL("../../examples/browser", import.meta.url));

describeInBrowser("the example page", () => {
  const directory = mkdtempSync(join(tmpdir(), "synod-example-"));
  let dev: DevProcess;
  let server: ChildProcess;
  let websocketPort: number;
  let pagePort: number;

  beforeAll(async () => {
    const port = await freePort();
    websocketPort = await freePort();
    pagePort = await freePort();
    const ports = ["--port", String(port), "--websocket-port", String(websocketPort)];
    dev = new DevProcess(ports, { directory });
    cpSync(examples, join(directory, "examples", "browser"), { recursive: true });
    mkdirSync(join(directory, "dist", "browser"), { recursive: true });
    bundleInto(join(directory, "dist", "browser", "synod.js"));
    server = spawn(process.execPath, [join(directory, "examples", "browser", "serve.mjs")], {
      env: { ...process.env, PORT: String(pagePort) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(server.stdout ?? server, "data");
    await dev.ready();
  });
  afterAll(async () => {
    server.kill();
    dev.signal("SIGTERM");
    await dev.ended;
    rmSync(directory, { recursive: true });
  });

  test("synod dev says where browsers connect", () => {
    expect(dev.stdout).toContain(`For browsers: ws://127.0.0.1:${websocketPort}`);
  });

  test("what is typed into the page is in the cluster, and what is there is in the page", async () => {
    await runSynod(["put", "--bucket", "notes", "from", "a terminal"], { directory });
    await withPage(async (page, problems) => {
      await page.goto(`http://127.0.0.1:${pagePort}/?servers=ws://127.0.0.1:${websocketPort}`);
      await page.waitForSelector("li");
      expect(await page.$eval("li", (item) => item.textContent)).toBe("from: a terminal");
      await page.type("[name=key]", "greeting");
      await page.type("[name=value]", "hello");
      await page.click("form button");
      await page.waitForSelector("li:nth-child(2)");
      await runSynod(["del", "--bucket", "notes", "from"], { directory });
      await page.waitForFunction("document.querySelector('ul').innerText === 'greeting: hello'");
      await page.click("#like");
      await page.waitForFunction("document.querySelector('output').value === '1'");
      expect(problems.all).toEqual([]);
    });
    const { stdout } = await runSynod(["get", "--bucket", "notes", "greeting"], { directory });
    expect(stdout).toBe("hello\n");
  });

  test("a page that cannot connect says why", async () => {
    await withPage(async (page) => {
      await page.goto(`http://127.0.0.1:${pagePort}/?servers=ws://127.0.0.1:1`);
      await page.waitForFunction(
        "document.querySelector('#state').textContent.startsWith('NOT_CONNECTED: ')",
      );
    });
  });

  test("a taken port is an error that names the flag", async () => {
    const { code, stderr } = await runSynod(
      [
        "dev",
        "--ephemeral",
        "--port",
        String(await freePort()),
        "--websocket-port",
        String(pagePort),
      ],
      { directory },
    );
    expect(code).toBe(1);
    expect(stderr).toContain(`127.0.0.1:${pagePort} is taken`);
    expect(stderr).toContain("--websocket-port");
  });
});
