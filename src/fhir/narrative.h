/*
 * Narrative: the XHTML that a person reads, checked before it is kept. Never changed: what is
 * active or not well-formed is refused. R4 narrative.html (txt-1; not txt-2, which asks for
 * something to read: published examples of HL7 break it, and an empty text harms nobody).
 */
#ifndef FHIR_NARRATIVE_H
#define FHIR_NARRATIVE_H

#include "base/failure.h"

typedef struct NarrativeFault {
    Fail   fail;   /* FAIL_VALUE: not well-formed; FAIL_INVARIANT: not allowed in narrative */
    size_t offset; /* the byte of the text where it shows */
    char   what[128]; /* a sentence that names the element or attribute */
} NarrativeFault;

/* Whether a text (valid UTF-8) is narrative: one <div> in the XHTML namespace, well-formed
 * without document type, CDATA or processing instructions, holding nothing but the elements
 * and attributes that FHIR lists, and no script in whatever disguise in addresses or styles.
 * Styles may colour and arrange, not fetch: url() takes an image inside the text or beside it,
 * never another server's. False: the fault says what and where. */
bool narrative_check(Str xhtml, NarrativeFault *fault);

/* Calls found(context, from, to) for the bytes of each href and src value, in order, up to the
 * end or the first fault. */
void narrative_links(Str   xhtml, void (*found)(void *context, size_t from, size_t to),
                     void *context);

#endif
