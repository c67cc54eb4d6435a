import { execFileSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { compiledPath } from "../support/compiled.ts";

const program = `
  const { giveHeapRoom } = await import(process.argv[1]);
  if (process.argv[2] === "roomy") giveHeapRoom();
  const kept = Array.from({ length: 500_000 }, (_, index) => ({ index }));
  gc();
  console.log(kept.length);
`;

/** By which factor the engine lets the heap grow after a collection. It begins with one that is far too low. */
function growthOf(kind: "roomy" | "plain"): string {
  const module = pathToFileURL(compiledPath("infra/processes/heap-room.ts")).href;
  const flags = ["--trace-gc-verbose", "--expose-gc", "--heap-growing-percent=20"];
  const args = [...flags, "--input-type=module", "--eval", program, module, kind];
  const out = execFileSync(process.execPath, args, { encoding: "utf8", env: {} });
  const limits = [...out.matchAll(/\[HeapController\] Limit: .* \((?<factor>[\d.]+)\)/g)];
  return limits.at(-1)?.groups?.["factor"] ?? "none";
}

test("the heap of a process that was given room grows to four times before all of it is collected", () => {
  expect(growthOf("plain")).toBe("1.2");
  expect(growthOf("roomy")).toBe("4.0");
});
