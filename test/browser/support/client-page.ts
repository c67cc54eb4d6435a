/** A page that has loaded the client's bundle, as a user's page would: over HTTP, as a module. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withPage, type Page, type PageProblems } from "./chromium.ts";

const bundler = fileURLToPath(new URL("../../../scripts/bundle-for-browsers.mjs", import.meta.url));
const document = `<!doctype html>
<title>client</title>
<link rel="icon" href="data:,">
<script type="module">
  window.synod = await import("/synod.js");
</script>`;

export class ClientPages {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Runs with a page that has loaded the client as `window.synod`. */
  async open<Result>(
    run: (page: Page, problems: PageProblems) => Promise<Result>,
  ): Promise<Result> {
    return withPage(async (page, problems) => {
      await page.goto(this.address);
      await page.waitForFunction(() => "synod" in globalThis);
      return run(page, problems);
    });
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Makes the bundle of the sources as they are. */
export function bundleInto(file: string): void {
  const script = `import(${JSON.stringify(bundler)}).then((m) => m.bundleForBrowsers(${JSON.stringify(file)}))`;
  execFileSync(process.execPath, ["-e", script], { stdio: ["ignore", "inherit", "inherit"] });
}

export async function servePages(): Promise<ClientPages> {
  const folder = mkdtempSync(join(tmpdir(), "synod-bundle-"));
  const file = join(folder, "synod.js");
  bundleInto(file);
  const bundle = readFileSync(file, "utf8");
  rmSync(folder, { recursive: true });
  const server = createServer((request, response) => {
    const isBundle = request.url === "/synod.js";
    response.setHeader("content-type", isBundle ? "text/javascript" : "text/html");
    response.end(isBundle ? bundle : document);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return new ClientPages(server);
}
