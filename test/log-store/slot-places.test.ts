/** Where records lie, by slot: whatever order they come in, and however far they lie from each other. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SlotPlaces, type Place } from "../../infra/log-store/journal/slot-places.ts";

const near = fc.integer({ min: 0, max: 1_500 });
const far = near.map((slot) => slot + 2 ** 40);
const slot = fc.oneof({ weight: 3, arbitrary: near }, { weight: 1, arbitrary: far });
const steps = fc.array(
  fc.record({ what: fc.constantFrom("set", "set", "set", "delete", "trim"), slot }),
  { maxLength: 200 },
);

test("slots that are set, deleted and trimmed in any order are found as in a map", () => {
  fc.assert(
    fc.property(steps, slot, slot, (all, from, through) => {
      const places = new SlotPlaces();
      const expected = new Map<number, Place>();
      let place = 0;
      for (const step of all) {
        if (step.what === "set") {
          expect(places.set(step.slot, (place += 1))).toBe(expected.get(step.slot));
          expected.set(step.slot, place);
        } else if (step.what === "delete") {
          places.delete(step.slot);
          expected.delete(step.slot);
        } else {
          const gone = [...expected].filter(([other]) => other <= step.slot);
          const told: Place[] = [];
          places.trim(step.slot, (forgotten) => told.push(forgotten));
          expect(new Set(told)).toEqual(new Set(gone.map(([, forgotten]) => forgotten)));
          for (const [other] of gone) expected.delete(other);
        }
      }
      const slots = [...expected.keys()].toSorted((left, right) => left - right);
      expect([...places.slots(0, Number.MAX_SAFE_INTEGER)]).toEqual(slots);
      expect([...places.slots(from, through)]).toEqual(
        slots.filter((other) => other >= from && other <= through),
      );
      for (const [other, found] of expected) expect(places.get(other)).toBe(found);
    }),
  );
});

test("slots may be forgotten while they are listed", () => {
  const places = new SlotPlaces();
  for (let slot = 1; slot <= 1_000; slot++) places.set(slot, slot);
  let listed = 0;
  for (const slot of places.slots(0, 2_000)) {
    listed += 1;
    places.delete(slot);
  }
  expect(listed).toBe(1_000);
});
