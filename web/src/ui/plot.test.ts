import { expect, test } from "vitest";
import { nearest, pathOf, type Point, scaleOf } from "./plot";

const points = (count: number): Point[] =>
  Array.from({ length: count }, (_, at) => ({ at, value: Math.sin(at) * 10 }));

test("steps are round and hold all values", () => {
  expect(scaleOf(3.4, 7.9)).toEqual({ least: 2, most: 8, steps: [2, 4, 6, 8] });
  expect(scaleOf(0.01, 0.04).steps).toEqual([0.01, 0.02, 0.03, 0.04]);
  const one = scaleOf(5, 5);
  expect(one.least).toBeLessThanOrEqual(5);
  expect(one.most).toBeGreaterThanOrEqual(5);
  expect(scaleOf(0, 0).steps.length).toBeGreaterThan(1);
});

test("the nearest in time is found, at both ends too", () => {
  const list = [0, 10, 20].map((at) => ({ at, value: 1 }));
  expect([-5, 4, 6, 14, 16, 99].map((at) => nearest(list, at))).toEqual([0, 0, 1, 1, 2, 2]);
});

test("of many points the peaks stay, and the path is short", () => {
  const list = points(10_000);
  (list[5000] as Point).value = 99;
  const path = pathOf(list, (one) => [(one.at / 10_000) * 400, one.value], 400);
  expect(path.match(/[ML]/g)?.length).toBeLessThanOrEqual(802);
  expect(path).toContain(" 99.0");
});
