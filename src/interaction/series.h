/* Series of Appointments: what each of them says of it, and what making and changing one share. */
#ifndef INTERACTION_SERIES_H
#define INTERACTION_SERIES_H

#include "interaction/change.h"
#include "interaction/free.h"

/* Each has the series' id as an identifier of this system, and the extension with the parts `rule`,
 * `time-zone` and `recurrence-id`: when it was to begin by the rule. One that begins at another time was
 * moved by itself and stays where it is when others are moved. */
#define SERIES STR("urn:hale:series")

/* A parameter of the body as text; its node in *node if that is wanted. Empty and 0: it is not there. */
Str series_param(const Resource *parameters, const char *name, uint32_t *node);

/* The Parameters in the body; only those named are understood. */
Fail series_params(Call *c, const Asked *asked, const char *const *names, size_t count,
                   Resource *out) MUST_USE;

/* For Step.finish: a Bundle of all that was written, where the caller may see it. */
Fail series_finish(Call *c, Step *step) MUST_USE;

#endif
