/** What can be seen of a run: the trace on the terminal, and charts in files. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { compiledPath } from "../support/compiled.ts";

const folder = mkdtempSync(join(tmpdir(), "synod-trace-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const short =
  "--seed 3 --faults-ms 2000 --clients 1 --raw-clients 0 --bankers 0 --watchers 0 --keys 10";

function simulate(options: string): string {
  const words = `${short} ${options}`.trim().split(" ");
  return execFileSync(process.execPath, [compiledPath("sim/main.ts"), ...words], {
    encoding: "utf8",
  });
}

function hashOf(output: string): string | undefined {
  return /hash ([0-9a-f]{8})/.exec(output)?.[1];
}

test("a seed alone tells of its faults, processes and leaders, and of messages where it is asked to look", () => {
  const output = simulate("--trace messages --trace-from 300 --trace-through 700 --trace-group g1");
  const at = output.indexOf("from    300.000 to    700.000 ms of g1");
  const [course, looked] = [output.slice(0, at), output.slice(at)];
  expect(course).toMatch(/^ +0\.000 {2}n1 +process started: start 1$/m);
  expect(course).toMatch(/^ +\d+\.\d{3} {2}n[123] +leads: group g1, round 1$/m);
  expect(course).toMatch(/^ +\d+\.\d{3} {2}n[123] +fault 1: /m);
  expect(course).not.toContain(" accept ");
  const slot = /-> n\d {2}g1 accept slot (\d+) at ballot 1 of n\d, .*\[\+\d/.exec(looked)?.[1];
  expect(looked).toMatch(new RegExp(`n\\d +on disk, g1: .*\\b${slot}\\b`));
  expect(looked).toMatch(new RegExp(`-> n\\d {2}g1 accepted .*\\b${slot}\\b`));
  expect(looked).toMatch(/client1 +asks: /);
  expect(looked).toMatch(/client1 +told after \d+\.\d ms, of /);
  expect(looked).not.toMatch(/ g2 (accept|request|reply)/);
  expect(looked).not.toContain("heartbeat");
});

test("it is no longer than a person can read", () => {
  const output = simulate("--trace all --trace-from 0 --trace-lines 30");
  expect(output).toMatch(/… \d+ lines before these/);
  expect(output).toContain("heartbeat");
  expect(output.split("\n").length).toBeLessThan(80);
});

test("being looked at changes nothing of the run, and files hold the trace and its charts", () => {
  const written = simulate(`--trace none --trace-from 300 --trace-through 700 --out ${folder}`);
  expect(hashOf(written)).toBe(hashOf(simulate("--trace none")));
  const [trace = "", text = "", svg = ""] = ["trace.txt", "chart.txt", "chart.svg"].map((name) =>
    readFileSync(join(folder, name), "utf8"),
  );
  expect(trace).toContain("npm run sim -- --seed 3 --nodes 3 --faults-ms 2000");
  expect(trace).toContain("heartbeat");
  const heads = text.split("\n").find((line) => /client1 +.*n1 +n2 +n3$/.test(line)) ?? "";
  const accept = /^ *\d+\.\d{3} {2}(.*) g\d accept slot (\d+) .*$/m.exec(text)?.[1] ?? "";
  expect(accept).toMatch(/^[|. ]*(<-{3,}|-{3,}>)[|. ]*$/);
  expect(heads.indexOf("n1")).toBeGreaterThan(0);
  expect(svg).toMatch(/^<svg [^>]*>\n<title>npm run sim/);
  expect(svg.match(/<g>/g)?.length).toBeGreaterThan(20);
  expect(svg.match(/<g>/g)?.length).toBe(svg.match(/<\/g>/g)?.length);
});
