/*
 * Canadian health numbers: who issues them, how they look, whether their check digit holds. Nothing here
 * keeps anybody from being registered: a number that looks wrong is warned of and kept as it is.
 */
import type { Identifier } from "fhir/r4";

const base = "https://fhir.infoway-inforoute.ca/NamingSystem/";
const versionUrl =
  "http://ehealthontario.ca/fhir/StructureDefinition/ext-id-health-card-version-code";

interface Issuer {
  code: string;
  en: string;
  fr: string;
  form: RegExp;
  checks?: (digits: number[]) => boolean;
}

/* ISO/IEC 7812-1, annex B. */
function luhn(digits: number[]): boolean {
  const sum = digits.toReversed().reduce((total, digit, at) => {
    const twice = digit * 2;
    return total + (at % 2 ? (twice > 9 ? twice - 9 : twice) : digit);
  }, 0);
  return sum % 10 === 0;
}

function modulo11(digits: number[]): boolean {
  const weights = [2, 4, 8, 5, 10, 9, 7, 3];
  const sum = weights.reduce(
    (total, weight, at) => total + ((weight * (digits[at + 1] ?? 0)) % 11),
    0,
  );
  return 11 - (sum % 11) === digits[9];
}

export const issuers: readonly Issuer[] = [
  { code: "on", en: "Ontario", fr: "Ontario", form: /^[1-9]\d{9}$/, checks: luhn },
  { code: "qc", en: "Quebec", fr: "Québec", form: /^[A-Z]{4}\d{8}$/ },
  {
    code: "bc",
    en: "British Columbia",
    fr: "Colombie-Britannique",
    form: /^9\d{9}$/,
    checks: modulo11,
  },
  { code: "ab", en: "Alberta", fr: "Alberta", form: /^\d{9}$/ },
  { code: "mb", en: "Manitoba", fr: "Manitoba", form: /^\d{9}$/ },
  { code: "sk", en: "Saskatchewan", fr: "Saskatchewan", form: /^\d{9}$/ },
  { code: "nb", en: "New Brunswick", fr: "Nouveau-Brunswick", form: /^\d{9}$/ },
  { code: "ns", en: "Nova Scotia", fr: "Nouvelle-Écosse", form: /^\d{10}$/ },
  { code: "pe", en: "Prince Edward Island", fr: "Île-du-Prince-Édouard", form: /^\d{8}$/ },
  {
    code: "nl",
    en: "Newfoundland and Labrador",
    fr: "Terre-Neuve-et-Labrador",
    form: /^\d{12}$/,
  },
  { code: "yt", en: "Yukon", fr: "Yukon", form: /^\d{9}$/ },
  {
    code: "nt",
    en: "Northwest Territories",
    fr: "Territoires du Nord-Ouest",
    form: /^[A-Z]\d{7}$/,
  },
  { code: "nu", en: "Nunavut", fr: "Nunavut", form: /^\d{9}$/ },
];

export function systemOf(code: string): string {
  return `${base}ca-${code}-patient-${code === "on" ? "hcn" : "healthcare-id"}`;
}

export function issuerOf(system: string | undefined): Issuer | undefined {
  return issuers.find((one) => systemOf(one.code) === system);
}

/* As it is kept: no spaces or hyphens, capitals; of Ontario's the version code apart. */
export function split(code: string, typed: string): { number: string; version: string } {
  const bare = typed.replace(/[\s-]/g, "").toUpperCase();
  const match = code === "on" ? /^(\d{10})([A-Z]{1,2})$/.exec(bare) : null;
  return { number: match?.[1] ?? bare, version: match?.[2] ?? "" };
}

export function looksRight(code: string, typed: string): boolean {
  const issuer = issuers.find((one) => one.code === code);
  const { number } = split(code, typed);
  if (!issuer?.form.test(number)) return false;
  return issuer.checks?.([...number].map(Number)) ?? true;
}

/* As it is shown: number and version code. */
export function healthNumberText(identifier: Identifier): string {
  const version = identifier.extension?.find((one) => one.url === versionUrl)?.valueString;
  return [identifier.value, version].filter(Boolean).join(" ");
}

export function healthNumber(
  code: string,
  typed: string,
  before: Identifier | undefined,
): Identifier {
  const { number, version } = split(code, typed);
  const others = before?.extension?.filter((one) => one.url !== versionUrl) ?? [];
  const extension = version ? [...others, { url: versionUrl, valueString: version }] : others;
  const { extension: _, ...rest } = before ?? {};
  return {
    ...(extension.length ? { extension } : {}),
    ...rest,
    type: rest.type ?? {
      coding: [{ system: "http://terminology.hl7.org/CodeSystem/v2-0203", code: "JHN" }],
    },
    system: systemOf(code),
    value: number,
  };
}
