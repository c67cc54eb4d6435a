/** How many rows a page of a range may have. */
import { pageRowsMax } from "../limits.ts";

/** 0 asks for as many as a page holds. */
export function rowsWanted(limit: number): number {
  return limit === 0 ? pageRowsMax : Math.min(limit, pageRowsMax);
}
