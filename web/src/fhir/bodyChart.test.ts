import { expect, test } from "vitest";
import { isBodyChart, partOf, siteAt } from "./bodyChart";

test("sides are the person's own, from the front and from behind", () => {
  expect(siteAt("front", 62, 73, "en")?.code).toBe("left-knee");
  expect(siteAt("back", 62, 73, "en")?.code).toBe("right-knee");
  expect(siteAt("front", 38, 73, "fr")?.display).toBe("Genou, droite");
});

test("the trunk is named by what is seen of it", () => {
  expect(siteAt("front", 50, 38, "en")?.code).toBe("abdomen");
  expect(siteAt("back", 50, 38, "en")?.code).toBe("lower-back");
  expect(siteAt("front", 2, 2, "en")).toBeUndefined();
});

test("parts are known by the end of their linkId", () => {
  const item = {
    linkId: "o.body",
    type: "group" as const,
    repeats: true,
    extension: [{ url: "urn:hale:body-chart", valueBoolean: true }],
    item: [{ linkId: "o.body.x", type: "decimal" as const }],
  };
  expect(isBodyChart(item)).toBe(true);
  expect(partOf(item, "x")?.linkId).toBe("o.body.x");
  expect(partOf(item, "y")).toBeUndefined();
});
