const formats = Object.fromEntries(
  ["en", "fr"].map((language) => [
    language,
    new Intl.NumberFormat(`${language}-CA`, {
      maximumSignificantDigits: 15,
      useGrouping: false,
    }),
  ]),
);

/* A number as the screen's language writes it, with all the digits that were sent. */
export function numberText(value: number): string {
  const language = globalThis.document?.documentElement.lang === "fr" ? "fr" : "en";
  return (formats[language] as Intl.NumberFormat).format(value);
}
