import { execFileSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { compiledPath } from "../support/compiled.ts";

const program = `
  const { optimiseEarly } = await import(process.argv[1]);
  if (process.argv[2] === "early") optimiseEarly();
  const sum = (count) => {
    let all = 0;
    for (let at = 0; at < count; at++) all += at % 7;
    return all;
  };
  let all = 0;
  for (let call = 0; call < 30; call++) all += sum(30);
  console.log("done", all);
`;

/** Whether the engine has found a function worth optimising that was called thirty times. */
function optimises(kind: "early" | "plain"): boolean {
  const module = pathToFileURL(compiledPath("infra/processes/early-optimisation.ts")).href;
  const args = ["--trace-opt", "--input-type=module", "--eval", program, module, kind];
  const out = execFileSync(process.execPath, args, { encoding: "utf8", env: {} });
  expect(out).toContain("done");
  return /marking .*<JSFunction sum/.test(out);
}

test("a function that is called often is optimised sooner in a process that asked for it", () => {
  expect(optimises("plain")).toBe(false);
  expect(optimises("early")).toBe(true);
});
