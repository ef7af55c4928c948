/*
 * When a PractitionerRole or a HealthcareService is there: availableTime as clocks show it, week after week,
 * less notAvailable. R4 practitionerrole.html, healthcareservice.html
 */
#ifndef FHIR_HOURS_H
#define FHIR_HOURS_H

#include "base/zone.h"
#include "fhir/resource.h"
#include "fhir/spans.h"

/* Of an availableTime: a Period outside of which it does not hold. */
#define HOURS_EFFECTIVE STR("urn:hale:effective")

/* A Period as the practice means it: dates are days of that zone, and the last one is in it. An end
 * that is not said is open. */
Moment hours_period(const Resource *r, uint32_t period, const Zone *zone);

/* Adds the hours that begin on days which touch `within`; false if the resource states none. Hours that
 * end when or before they begin go on to the next day. */
bool hours_open(const Resource *r, const Zone *zone, Moment within, Spans *out);

/* Adds the times of notAvailable, and all that lies outside of the resource's own period. */
void hours_closed(const Resource *r, const Zone *zone, Spans *out);

#endif
