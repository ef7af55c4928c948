import { expect, test } from "vitest";
import { firstFree, hoursShown, lanes, snapped } from "./layout";

const spans = (...list: [number, number][]) => list.map(([from, to]) => ({ from, to }));

test("what does not overlap has the whole width", () => {
  expect(lanes(spans([60, 90], [90, 120], [0, 60]))).toEqual([
    { lane: 0, lanes: 1 },
    { lane: 0, lanes: 1 },
    { lane: 0, lanes: 1 },
  ]);
});

test("overlapping spans stand side by side, and a freed lane is used again", () => {
  expect(lanes(spans([0, 60], [30, 90], [60, 120]))).toEqual([
    { lane: 0, lanes: 2 },
    { lane: 1, lanes: 2 },
    { lane: 0, lanes: 2 },
  ]);
  expect(lanes(spans([0, 30], [0, 60], [200, 210])).map((place) => place.lanes)).toEqual([
    2, 2, 1,
  ]);
});

test("no two that overlap share a lane, whatever comes", () => {
  let seed = 7;
  const next = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  for (let round = 0; round < 200; round++) {
    const list = Array.from({ length: 30 }, () => {
      const from = next(600);
      return { from, to: from + 5 + next(90) };
    });
    const places = lanes(list);
    for (const [a, one] of list.entries())
      for (const [b, other] of list.entries())
        if (a < b && one.from < other.to && other.from < one.to) {
          expect(places[a]?.lane).not.toBe(places[b]?.lane);
          expect(places[a]?.lanes).toBe(places[b]?.lanes);
        }
  }
});

test("the hours on screen reach to what is booked outside them", () => {
  expect(hoursShown([])).toEqual({ from: 480, to: 1080 });
  expect(hoursShown(spans([405, 450], [1100, 1150]))).toEqual({ from: 360, to: 1200 });
});

test("the next free time", () => {
  expect(firstFree(spans([600, 660], [540, 600], [690, 720]), 540, 30)).toBe(660);
  expect(firstFree(spans([600, 660], [690, 720]), 600, 45)).toBe(720);
  expect(firstFree([], 600, 45)).toBe(600);
  expect(snapped(607)).toBe(605);
});
