import { expect, test } from "vitest";
import { jsonLog } from "../../infra/logging/json-log.ts";

test("what has an error code is an error, what has a cause only a warning", () => {
  const lines: string[] = [];
  const log = jsonLog({ node: "n1" }, { write: (line) => void lines.push(line) });
  log("serving");
  log("not connected", { cause: "REFUSED" });
  log("stopped", { code: "STORAGE_FAILED", cause: "EIO" });
  const said = lines.map((line) => JSON.parse(line));
  expect(said).toMatchObject([
    { level: 30, node: "n1", msg: "serving" },
    { level: 40, node: "n1", msg: "not connected", cause: "REFUSED" },
    { level: 50, node: "n1", msg: "stopped", code: "STORAGE_FAILED" },
  ]);
});
