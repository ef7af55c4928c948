/* What batch.c and transaction.c share: an entry as something asked, and as an answer. */
#ifndef INTERACTION_BATCH_H
#define INTERACTION_BATCH_H

#include "interaction/change.h"

/* `bodies`: the entries' resources as text, where the Bundle as a whole was not sound. */
Fail batch_answer(Call *c, Session *s, const Turn *turn, const Bundle *bundle,
                  const Str *bodies, Answer *answer) MUST_USE;

Fail transaction_answer(Call *c, Session *s, const Turn *turn, const Bundle *bundle,
                        Answer *answer) MUST_USE;

/* The entry's request as if it had been sent alone (TX-08, TX-11): `asked` is set and routed. */
Fail entry_ask(Call *c, const Turn *turn, const BundleEntry *entry, Asked *asked,
               Answer *answer) MUST_USE;

/* When it is processed: 0 DELETE, 1 POST, 2 PUT and PATCH, 3 GET, HEAD and all else (TX-02). */
enum { RANK_GET = 3 };

uint8_t entry_rank(const BundleEntry *entry);

/* Names the entry in the issues noted since there were `since`: "Bundle.entry[3]". */
void entry_name_issues(Call *c, const BundleEntry *entry, uint32_t since);

/* One entry of the response. A NULL outcome leaves it out. */
void entry_put_answer(Buf *out, const Asked *asked, const Answer *answer, Str outcome);

/* The response Bundle around the entries. */
Str bundle_response(Call *c, Str bundle_type, const Buf *entries);

#endif
