import { expect, test } from "vitest";
import { patientQuery } from "./patientSearch";

test.each([
  ["", []],
  ["   ", []],
  ["trem", [["name", "trem"]]],
  [
    "Anne  Trem",
    [
      ["name", "Anne"],
      ["name", "Trem"],
    ],
  ],
  [
    "TREMBLAY, Anne",
    [
      ["name", "TREMBLAY"],
      ["name", "Anne"],
    ],
  ],
  ["a|b$c", [["name", "a\\|b\\$c"]]],
  ["1984", [["birthdate", "1984"]]],
  ["1984-3-7", [["birthdate", "1984-03-07"]]],
  [
    "1234 567 890 AB",
    [
      [
        "_filter",
        'identifier eq "1234 567 890 AB" or phone eq "1234 567 890 AB" or ' +
          'identifier eq "1234567890AB" or phone eq "1234567890AB"',
      ],
    ],
  ],
  [
    "(514) 555-0134",
    [
      [
        "_filter",
        'identifier eq "(514) 555-0134" or phone eq "(514) 555-0134" or ' +
          'identifier eq "5145550134" or phone eq "5145550134"',
      ],
    ],
  ],
])("%j is looked for as %j", (words, query) => {
  expect(patientQuery(words)).toEqual(query);
});
