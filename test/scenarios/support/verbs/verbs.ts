/** All commands of scenarios, by name. */
import { diskVerbs } from "./disks.ts";
import { lookingVerbs } from "./looking.ts";
import { networkVerbs } from "./network.ts";
import { nodeVerbs } from "./nodes.ts";
import { operationVerbs } from "./operations.ts";
import { programVerbs } from "./programs.ts";
import { rawVerbs } from "./raw.ts";
import type { Verbs } from "./verb.ts";
import { watchVerbs } from "./watches.ts";

export const verbs: Verbs = {
  ...nodeVerbs,
  ...diskVerbs,
  ...networkVerbs,
  ...operationVerbs,
  ...rawVerbs,
  ...watchVerbs,
  ...programVerbs,
  ...lookingVerbs,
};
