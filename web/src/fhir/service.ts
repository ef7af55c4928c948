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

/* What is kept free beside it, as an Appointment says it. */
export function serviceBuffer(service: HealthcareService) {
  const before = servicePart(service, "buffer-before")?.valueUnsignedInt ?? 0;
  const after = servicePart(service, "buffer-after")?.valueUnsignedInt ?? 0;
  if (!before && !after) return undefined;
  return {
    url: "urn:hale:buffer",
    extension: [
      { url: "before", valueUnsignedInt: before },
      { url: "after", valueUnsignedInt: after },
    ],
  };
}

/* "#rrggbb", or nothing. */
export function serviceColour(service: HealthcareService): string | undefined {
  const colour = servicePart(service, "colour")?.valueString;
  return colour && /^#[0-9a-f]{6}$/i.test(colour) ? colour : undefined;
}
