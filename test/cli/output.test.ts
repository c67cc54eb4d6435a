import { expect, test } from "vitest";
import { ConflictError, TimeoutError } from "../../client/errors.ts";
import { visibleText, isPrintable } from "../../cli/data/visible-text.ts";
import { exitCodeFor } from "../../cli/output/exit-codes.ts";
import { failureLines } from "../../cli/output/failure-lines.ts";
import { bytesText, durationText } from "../../cli/output/quantities.ts";
import { styleFor } from "../../cli/output/style.ts";
import { tableLines } from "../../cli/output/table.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";

const plain = styleFor({ isTTY: false });

test("colours are for terminals, unless NO_COLOR says otherwise", () => {
  expect(styleFor({ isTTY: true }, {}).bold("a")).toBe("\u001B[1ma\u001B[22m");
  expect(styleFor({ isTTY: true }, { NO_COLOR: "1" }).bold("a")).toBe("a");
  expect(styleFor({ isTTY: true }, { NO_COLOR: "" }).bold("a")).not.toBe("a");
  expect(styleFor({ isTTY: false }, {}).red("a")).toBe("a");
  expect(styleFor({ isTTY: false }, { NO_COLOR: "1" }, "always").red("a")).not.toBe("a");
  expect(styleFor({ isTTY: true }, {}, "never").red("a")).toBe("a");
});

test("columns are aligned, and no line ends in blanks", () => {
  const columns = [{ name: "NAME" }, { name: "COUNT", align: "right" }, { name: "" }] as const;
  const rows = [
    ["a", "1", ""],
    ["longer", "12345678", "x"],
  ];
  expect(tableLines(columns, rows, plain)).toEqual([
    "NAME       COUNT",
    "a              1",
    "longer  12345678  x",
  ]);
});

test("a failure says what happened, what became of it, and what to do", () => {
  const failure = new SynodError("NO_QUORUM", "two of three are away", {
    cause: new Error("n2 and n3 do not answer"),
  });
  expect(failureLines(failure, "operation", plain)).toEqual([
    "error: two of three are away (NO_QUORUM, not executed)",
    "  because: n2 and n3 do not answer",
    "  next: Bring back nodes until a majority of the group runs.",
  ]);
  expect(failureLines(failure, "process", plain)[0]).toBe(
    "error: two of three are away (NO_QUORUM)",
  );
});

test("a next step of several lines stays together", () => {
  const failure = new SynodError("BROKER_NOT_FOUND", "none", { nextStep: "One of:\n  - a" });
  expect(failureLines(failure, "process", plain).slice(1)).toEqual(["  next: One of:", "    - a"]);
});

test("exit codes tell failures apart", () => {
  expect(exitCodeFor(new SynodError("NO_QUORUM", ""))).toBe(1);
  expect(exitCodeFor(new Error("unexpected"))).toBe(1);
  expect(exitCodeFor(new SynodError("TOPOLOGY_INVALID", ""))).toBe(2);
  expect(exitCodeFor(new SynodError("BAD_KEY", ""))).toBe(2);
  expect(exitCodeFor(new TimeoutError("", 1, "unknown"))).toBe(3);
  expect(exitCodeFor(new TimeoutError("", 1, "not executed"))).toBe(1);
  const conflict = { bucket: "b", key: "k", expectedRevision: 1, actualRevision: 2 };
  expect(exitCodeFor(new ConflictError("", conflict))).toBe(5);
});

test("what a terminal would obey is written out, so that it can be read back", () => {
  const visible = (bytes: Uint8Array | string) => visibleText(Buffer.from(bytes));
  expect(visible("a\tb\n\u001B[2J\\")).toBe("a\\tb\\n\\x1b[2J\\\\");
  expect(visible("größer ✓")).toBe("größer ✓");
  expect(visible("\u202E\u2028")).toBe("\\xe2\\x80\\xae\\xe2\\x80\\xa8");
  expect(visible(Buffer.from([0x61, 0xff, 0x0a, 0xc3]))).toBe("a\\xff\\n\\xc3");
  expect(isPrintable(Buffer.from("two\nlines\t"))).toBe(true);
  expect(isPrintable(Buffer.from("\u001B[2J"))).toBe(false);
  expect(isPrintable(Buffer.from([0xff]))).toBe(false);
});

test("quantities have two figures that matter", () => {
  expect([0, 1023, 1024, 150 * 1024 ** 2, 3.25 * 1024 ** 3].map(bytesText)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KiB",
    "150 MiB",
    "3.3 GiB",
  ]);
  expect([12, 61_000, 3_600_000, 90_061_000].map(durationText)).toEqual([
    "12ms",
    "1m 1s",
    "1h 0m",
    "1d 1h",
  ]);
});
