/* Patients as the screens want them. */
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/preact-query";
import type { Patient } from "fhir/r4";
import { useEffect, useState } from "preact/hooks";
import { type Held, read, search } from "../fhir/client";
import { patientQuery, type Query } from "../fhir/patientSearch";

const shown: Query = [
  ["_elements", "name,birthDate,gender,telecom,identifier,address"],
  ["_total", "none"],
];

/* The value as it was `ms` ago: so that not every letter asks the server. */
export function useLate<T>(value: T, ms: number): T {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return late;
}

/* Those who fit what was typed; with nothing typed, those changed last. */
export function usePatients(words: string) {
  const query = patientQuery(words);
  const order: Query = [
    ["_sort", query.length ? "family,given" : "-_lastUpdated"],
    ["_count", "50"],
  ];
  return useQuery({
    queryKey: ["Patient", "search", query],
    queryFn: ({ signal }) => search<Patient>("Patient", [...query, ...order, ...shown], signal),
    placeholderData: keepPreviousData,
  });
}

/* People already here with the same date of birth and the beginning of the name. */
export function useLikely(family: string, given: string, birthDate: string) {
  const name = family.trim() || given.trim();
  const query: Query = [
    ["name", name.slice(0, 3)],
    ["birthdate", birthDate],
    ["_count", "5"],
  ];
  return useQuery({
    queryKey: ["Patient", "likely", query],
    queryFn: ({ signal }) => search<Patient>("Patient", [...query, ...shown], signal),
    enabled: name.length >= 2 && birthDate !== "",
  });
}

export function usePatient(id: string) {
  return useQuery({
    queryKey: ["Patient", "read", id],
    queryFn: ({ signal }) => read<Patient>("Patient", id, signal),
  });
}

/* Puts what the server has just given in the place of what was there. */
export function useKeepPatient(): (held: Held<Patient>) => void {
  const queries = useQueryClient();
  return (held) => {
    queries.setQueryData(["Patient", "read", held.resource.id], held);
    void queries.invalidateQueries({ queryKey: ["Patient", "search"] });
  };
}
