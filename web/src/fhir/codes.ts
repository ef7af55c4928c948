/* Codes, their systems, and what is said of them: nothing here asks the server. */
import type { CodeableConcept, Coding } from "fhir/r4";

export const icd10 = "http://hl7.org/fhir/sid/icd-10-cm";
export const snomed = "http://snomed.info/sct";
export const rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm";
export const cvx = "http://hl7.org/fhir/sid/cvx";
export const loinc = "http://loinc.org";

/* The short names that people know the systems by. */
const systemNames: Record<string, string> = {
  [icd10]: "ICD-10-CM",
  [snomed]: "SNOMED CT",
  [rxnorm]: "RxNorm",
  [cvx]: "CVX",
  [loinc]: "LOINC",
};

export function systemName(system: string | undefined): string {
  return systemNames[system ?? ""] ?? system?.split("/").pop() ?? "";
}

/* What is picked from: whole code systems, the first first, or a value set. */
export type Source = { systems: readonly string[] } | { valueSet: string };

export function conceptText(concept: CodeableConcept | undefined): string {
  if (!concept) return "";
  const named = concept.coding?.find((one) => one.display);
  return concept.text || named?.display || concept.coding?.[0]?.code || "";
}

export function conceptOf(coding: Coding): CodeableConcept {
  return { coding: [coding], ...(coding.display ? { text: coding.display } : {}) };
}
