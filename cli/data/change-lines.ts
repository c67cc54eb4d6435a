/** A change as `watch` shows it. */
import type { WatchEntry } from "../../client/bucket-watch.ts";
import type { Style } from "../output/style.ts";
import { entryObject } from "./entry-object.ts";
import { visibleText } from "./visible-text.ts";

/** Operation, revision, key and value with tabs between them; what does not print is escaped. */
export function changeLine(entry: WatchEntry, style: Style): string {
  const { operation, revision, keyBytes, value } = entry;
  const what = operation === "PUT" ? style.green(operation) : style.red(operation);
  const head = `${what}\t${style.dim(String(revision))}\t${visibleText(keyBytes)}`;
  return operation === "PUT" ? `${head}\t${visibleText(value)}` : head;
}

/** For programs. `isUpdate` is false for what was there before the watch began. */
export function changeObject(entry: WatchEntry): object {
  const { operation, isUpdate } = entry;
  return { operation, ...entryObject(entry, operation === "PUT"), isUpdate };
}
