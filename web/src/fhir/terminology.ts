/* Codes to pick from, by what was typed: ValueSet/$expand with a filter, over the code systems that the
 * practice has. R4 terminology service 4.7. */
import type { Coding, Parameters, ValueSet } from "fhir/r4";
import { FhirError, perform } from "./client";
import type { Source } from "./codes";

const most = 12;
const absentMs = 300_000;
const absent = new Map<
  string,
  number
>(); /* what the practice does not have, and when it was asked */

async function expanded(
  address: string,
  parameter: NonNullable<Parameters["parameter"]>,
  filter: string,
  signal?: AbortSignal,
): Promise<Coding[] | undefined> {
  if (Date.now() - (absent.get(address) ?? -absentMs) < absentMs) return undefined;
  try {
    const { resource } = await perform<ValueSet>(
      "ValueSet/$expand",
      [
        ...parameter,
        { name: "filter", valueString: filter },
        { name: "count", valueInteger: most },
        { name: "displayLanguage", valueCode: document.documentElement.lang || "en" },
      ],
      signal,
    );
    return (resource.expansion?.contains ?? []).map(({ system, code, display }) => ({
      ...(system ? { system } : {}),
      ...(code ? { code } : {}),
      ...(display ? { display } : {}),
    }));
  } catch (error) {
    if (!(error instanceof FhirError) || ![404, 422].includes(error.status)) throw error;
    absent.set(address, Date.now());
    return undefined;
  }
}

/* undefined: the practice has none of these code systems, so nothing can be picked. */
export async function pick(
  source: Source,
  filter: string,
  signal?: AbortSignal,
): Promise<Coding[] | undefined> {
  if ("valueSet" in source)
    return expanded(
      source.valueSet,
      [{ name: "url", valueUri: source.valueSet }],
      filter,
      signal,
    );
  const each = await Promise.all(
    source.systems.map((system) =>
      expanded(
        system,
        [
          {
            name: "valueSet",
            resource: {
              resourceType: "ValueSet",
              status: "active",
              compose: { include: [{ system }] },
            } as ValueSet,
          },
        ],
        filter,
        signal,
      ),
    ),
  );
  const known = each.filter((one): one is Coding[] => !!one);
  return known.length ? known.flat().slice(0, most) : undefined;
}
