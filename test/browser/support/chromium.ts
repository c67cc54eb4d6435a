/**
 * Pages in a headless Chromium, for tests of what runs in a browser. It is the one that CHROME_PATH names, or one on
 * PATH. Where there is none such tests are skipped, unless SYNOD_REQUIRE_CHROMIUM is set, as it is in CI.
 */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { launch, type Browser, type Page } from "puppeteer-core";
import { describe, type SuiteFactory } from "vitest";

export type { Page } from "puppeteer-core";

/** What went wrong in the page without anybody there to be told. */
export interface PageProblems {
  /** Uncaught exceptions, `console.error`, and requests that failed, in words. */
  readonly all: readonly string[];
}

/** Puppeteer's own way is to look once for each picture, and a browser without a screen may make none for a long time. */
export const lookEveryMs = 50;

const programs = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const launchMsMax = 30_000;
const missing =
  "no Chromium was found: name one with CHROME_PATH, or put `chromium` or `google-chrome` on PATH";

/** Undefined where there is none. Throws when CHROME_PATH names what cannot be run. */
export function findChromium(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const named = environment["CHROME_PATH"];
  if (named !== undefined && named !== "") {
    if (isExecutable(named)) return named;
    throw new Error(`CHROME_PATH names ${named}, which is no program`);
  }
  const folders = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders
    .flatMap((folder) => programs.map((program) => join(folder, program)))
    .find(isExecutable);
}

/** As `describe`, for tests that use `withPage`. */
export function describeInBrowser(name: string, tests: SuiteFactory): void {
  const isRequired = (process.env["SYNOD_REQUIRE_CHROMIUM"] ?? "") !== "";
  if (findChromium() !== undefined || isRequired) {
    describe(name, tests);
    return;
  }
  console.warn(`skipped: ${name}, because ${missing}`);
  describe.skip(name, tests);
}

/** Runs with an empty page, in a browser of its own that is gone afterwards. */
export async function withPage<Result>(
  run: (page: Page, problems: PageProblems) => Promise<Result>,
): Promise<Result> {
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    return await run(page, { all: problemsOf(page) });
  } finally {
    await browser.close();
  }
}

/** For tests that share one; each takes pages of its own. */
export class SharedBrowser {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(): Promise<SharedBrowser> {
    return new SharedBrowser(await startBrowser());
  }

  /** Nothing of an earlier page is left in it. */
  async withPage<Result>(
    run: (page: Page, problems: PageProblems) => Promise<Result>,
  ): Promise<Result> {
    const context = await this.#browser.createBrowserContext();
    try {
      const page = await context.newPage();
      return await run(page, { all: problemsOf(page) });
    } finally {
      await context.close();
    }
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

function startBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(missing);
  return launch({
    executablePath,
    headless: true,
    // The browser ends with its pipe, whatever becomes of the tests.
    pipe: true,
    timeout: launchMsMax,
    args: [
      // Chromium does not run its sandbox as root, nor shares much memory in a container.
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      "--disable-dev-shm-usage",
      "--disable-gpu",
    ],
  });
}

function problemsOf(page: Page): string[] {
  const problems: string[] = [];
  page.on("pageerror", (failure) => {
    problems.push(failure instanceof Error ? failure.message : String(failure));
  });
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  page.on("requestfailed", (request) => {
    problems.push(`${request.url()}: ${request.failure()?.errorText ?? "failed"}`);
  });
  return problems;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
