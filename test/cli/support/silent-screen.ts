/** A screen for what is looked at in other ways than by what it prints. */
import type { Screen } from "../../../cli/output/screen.ts";
import { styleFor } from "../../../cli/output/style.ts";

const plain = styleFor({ isTTY: false });

export const silentScreen: Screen = {
  style: plain,
  noteStyle: plain,
  useColor: () => undefined,
  isTerminal: false,
  say: () => undefined,
  write: () => Promise.resolve(),
  note: () => undefined,
};
