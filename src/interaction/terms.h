/*
 * Where one call finds definitions: what came with it (tx-resource), what the practice stored and
 * the caller may read, and, where the practice has nothing of that address, what HL7 publishes. A type
 * the caller may not read is as if nothing of it were stored.
 */
#ifndef INTERACTION_TERMS_H
#define INTERACTION_TERMS_H

#include "interaction/term_params.h"

/* FAIL_VALUE, FAIL_SYNTAX …: a tx-resource that cannot be used, or a rule that is not "url|version". */
Fail terms_open(Call *c, Session *s, const Turn *turn, const TermAsked *asked,
                Terms **out) MUST_USE;

/* What HL7 publishes of that type and address. */
Fail terms_published(Call *c, TypeId type, Str url, const TermDef ***out,
                     size_t *count) MUST_USE;

/* The definition of the instance the address names, or that came with the call, or of the url asked
 * for; NULL if there is none of that url. FAIL_NOT_FOUND for an instance, FAIL_REQUIRED if nothing
 * says which. */
Fail terms_subject(Terms *t, Session *s, const Turn *turn, TypeId type, const TermAsked *asked,
                   const TermDef **out) MUST_USE;

/* The stored definition of that id, if the caller may read it; else NULL. */
Fail terms_stored(Terms *t, TypeId type, Str id, const TermDef **out) MUST_USE;

#endif
