/* The rows of a ViewDefinition over what somebody may read: see view.c. */
#ifndef INTERACTION_VIEW_H
#define INTERACTION_VIEW_H

#include "fhir/view.h"
#include "interaction/interaction.h"

/* Told when a page of resources has been gone through: what is in text->out may be taken then. */
typedef Fail ViewPaged(void *context, ViewText *text);

/* Puts the rows of all resources of the view's type that the principal may read and search for. The text
 * begins and ends elsewhere. `answer` gets whose data went out. FAIL_FORBIDDEN, FAIL_UNPROCESSABLE,
 * FAIL_TIMEOUT, FAIL_TOO_COSTLY. */
Fail view_run(Call *c, Session *s, const Principal *p, ViewText *text, Answer *answer,
              ViewPaged *paged, void *context) MUST_USE;

#endif
