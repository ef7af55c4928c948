import type { Questionnaire, QuestionnaireItem, QuestionnaireResponse } from "fhir/r4";
import { expect, test } from "vitest";
import {
  type Answers,
  answersOf,
  inLanguage,
  mergeAnswers,
  missingOf,
  responseOf,
  shownPaths,
} from "./questionnaire";

const item = (
  linkId: string,
  type: QuestionnaireItem["type"],
  more: Partial<QuestionnaireItem> = {},
): QuestionnaireItem => ({ linkId, type, text: linkId, ...more });

const template: Questionnaire = {
  resourceType: "Questionnaire",
  status: "active",
  item: [
    item("s", "group", {
      item: [
        item("s/why", "text", { required: true }),
        item("pain", "integer", {
          item: [item("where", "string")],
        }),
      ],
    }),
    item("rom", "group", {
      repeats: true,
      item: [
        item("joint", "string"),
        item("hurts", "boolean"),
        item("how", "string", {
          required: true,
          enableWhen: [{ question: "hurts", operator: "=", answerBoolean: true }],
        }),
      ],
    }),
    item("urgent", "string", {
      enableWhen: [
        { question: "pain", operator: ">=", answerInteger: 8 },
        { question: "joint", operator: "exists", answerBoolean: false },
      ],
      enableBehavior: "all",
    }),
  ],
};
const empty: QuestionnaireResponse = {
  resourceType: "QuestionnaireResponse",
  status: "in-progress",
};
const some: Answers = {
  "s/s%2Fwhy": [{ valueString: "hip" }],
  "s/pain": [{ valueInteger: 9 }],
  "s/pain/where": [{ valueString: "left" }],
  "rom#0/joint": [{ valueString: "hip" }],
  "rom#2/hurts": [{ valueBoolean: true }],
};

test("answers come back from the resource as they went in", () => {
  const response = responseOf(template, some, empty);
  expect(answersOf(template, response)).toEqual(some);
  expect(response.item?.filter((one) => one.linkId === "rom")).toHaveLength(3);
  expect(response.item?.[0]?.item?.[1]?.answer?.[0]?.item?.[0]?.linkId).toBe("where");
});

test("an answer below a question that is not answered is kept", () => {
  const only: Answers = { "s/pain/where": [{ valueString: "left" }] };
  expect(answersOf(template, responseOf(template, only, empty))).toEqual(only);
});

test("what the template does not know of stays", () => {
  const before = { ...empty, item: [{ linkId: "other", answer: [{ valueString: "x" }] }] };
  expect(responseOf(template, some, before).item?.at(-1)?.linkId).toBe("other");
});

test("a condition looks into its own row first", () => {
  const shown = shownPaths(template, some);
  expect(shown.has("rom#2/how")).toBe(true);
  expect(shown.has("rom#0/how")).toBe(false);
});

test("all conditions must hold where all must", () => {
  expect(shownPaths(template, some).has("urgent")).toBe(false);
  expect(shownPaths(template, { "s/pain": [{ valueInteger: 8 }] }).has("urgent")).toBe(true);
  expect(shownPaths(template, { "s/pain": [{ valueInteger: 7 }] }).has("urgent")).toBe(false);
});

test("what is required and asked is missing until it is answered", () => {
  expect(missingOf(template, some).map((one) => one.path)).toEqual(["rom#2/how"]);
  expect(missingOf(template, {}).map((one) => one.path)).toEqual(["s/s%2Fwhy"]);
});

test("what is not asked is kept in a draft and left out at the end", () => {
  const answers = { ...some, urgent: [{ valueString: "once" }] };
  const linkIds = (final: boolean) =>
    responseOf(template, answers, empty, final).item?.map((one) => one.linkId);
  expect(linkIds(false)).toContain("urgent");
  expect(linkIds(true)).not.toContain("urgent");
});

test("a merge takes what only one changed and asks about the rest", () => {
  const text = (valueString: string) => [{ valueString }];
  const base: Answers = { a: text("1"), b: text("1"), c: text("1"), d: text("1") };
  const mine: Answers = { a: text("2"), b: text("1"), c: text("2"), e: text("new") };
  const theirs: Answers = { a: text("1"), b: text("3"), c: text("3"), d: text("1") };
  expect(mergeAnswers(base, mine, theirs)).toEqual({
    answers: { a: text("2"), b: text("3"), c: text("2"), e: text("new") },
    clashes: ["c"],
  });
});

test("rows that may have moved are asked about, not merged by their number", () => {
  const row = (at: number, muscle: string, left: number): Answers => ({
    [`s#${at}/muscle`]: [{ valueString: muscle }],
    [`s#${at}/left`]: [{ valueInteger: left }],
  });
  const base: Answers = {
    ...row(0, "deltoid", 1),
    ...row(1, "biceps", 4),
    ...row(2, "triceps", 4),
  };
  const mine: Answers = { ...row(0, "biceps", 4), ...row(1, "triceps", 4) };
  const theirs: Answers = { ...base, "s#1/left": [{ valueInteger: 2 }] };
  const merged = mergeAnswers(base, mine, theirs);
  expect(merged.answers).toEqual(mine);
  expect(merged.clashes.sort()).toEqual(
    ["s#0/left", "s#0/muscle", "s#1/left", "s#1/muscle", "s#2/left", "s#2/muscle"].sort(),
  );
  const back = mergeAnswers(base, theirs, mine);
  expect(back.answers).toEqual(theirs);
  expect(back.clashes).toHaveLength(6);
  const both = mergeAnswers(
    base,
    { ...base, ...row(3, "calf", 5) },
    { ...base, "s#3/right": [{ valueInteger: 3 }] },
  );
  expect(both.clashes.sort()).toEqual(["s#3/left", "s#3/muscle", "s#3/right"]);
});

test("a row added at the end and one changed before it are merged", () => {
  const base: Answers = { "s#0/left": [{ valueInteger: 1 }] };
  const mine: Answers = { ...base, "s#1/left": [{ valueInteger: 5 }] };
  const theirs: Answers = { "s#0/left": [{ valueInteger: 2 }] };
  expect(mergeAnswers(base, mine, theirs)).toEqual({
    answers: { ...theirs, "s#1/left": [{ valueInteger: 5 }] },
    clashes: [],
  });
});

test("what the template hides is signed, what is not asked is not", () => {
  const hiding: Questionnaire = {
    ...template,
    item: [
      ...(template.item ?? []),
      item("sum", "integer", {
        extension: [
          {
            url: "http://hl7.org/fhir/StructureDefinition/questionnaire-hidden",
            valueBoolean: true,
          },
        ],
      }),
    ],
  };
  const answers: Answers = { sum: [{ valueInteger: 3 }], urgent: [{ valueString: "x" }] };
  const final = responseOf(hiding, answers, empty, true);
  expect(final.item?.map((one) => one.linkId)).toEqual(["sum"]);
});

test("a translation is taken where there is one", () => {
  const element = {
    extension: [
      {
        url: "http://hl7.org/fhir/StructureDefinition/translation",
        extension: [
          { url: "lang", valueCode: "fr-CA" },
          { url: "content", valueString: "Motif" },
        ],
      },
    ],
  };
  expect(inLanguage("Reason", element, "fr")).toBe("Motif");
  expect(inLanguage("Reason", element, "en")).toBe("Reason");
});
