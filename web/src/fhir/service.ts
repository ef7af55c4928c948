/* What a HealthcareService says of itself for the calendar: docs/api.md, Scheduling. */
import type { HealthcareService } from "fhir/r4";

const serviceUrl = "urn:hale:service";

function servicePart(service: HealthcareService, name: string) {
  const extension = service.extension?.find((one) => one.url === serviceUrl);
  return extension?.extension?.find((one) => one.url === name);
}

export function serviceMinutes(service: HealthcareService): number | undefined {
  return servicePart(service, "duration")?.valuePositiveInt;
}

/* "#rrggbb", or nothing. */
export function serviceColour(service: HealthcareService): string | undefined {
  const colour = servicePart(service, "colour")?.valueString;
  return colour && /^#[0-9a-f]{6}$/i.test(colour) ? colour : undefined;
}
