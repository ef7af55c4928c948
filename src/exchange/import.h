/*
 * Bringing records in from files: FHIR Bundles, resources and NDJSON, packed or not, and what
 * `hale export` wrote. Streaming: one thread reads, several check and index, the store takes
 * sorted runs. Doing it again changes nothing: what is there already in the same form is left
 * alone, and new ids are derived from what is imported, not drawn. The audit in an export is
 * taken where nothing was stored before.
 *
 * Bundles: transaction (all or nothing) and batch are carried out; collection, searchset and
 * history are unpacked; document and message are kept whole, as resources. Conditional creates
 * and references are looked up in what is stored and in what was imported before them; the
 * conditional references of other resources in all that is stored and imported.
 */
#ifndef EXCHANGE_IMPORT_H
#define EXCHANGE_IMPORT_H

#include <stdatomic.h>

#include "access/principal.h"

typedef struct ImportFacts {
    uint64_t taken;                   /* resources that were given to the store */
    uint64_t unchanged;               /* of those: were there already */
    uint64_t rejected;                /* lines, Bundles or entries that could not be taken */
    uint64_t bytes_done, bytes_whole; /* whole: 0 where unknown */
    bool     stopped;                 /* by options->stop */
} ImportFacts;

typedef struct ImportOptions {
    char *const       *paths; /* "-" is standard input; a folder must be one of hale export */
    size_t             path_count;
    unsigned           threads; /* 0: one for each processor */
    Str                base;    /* our own address */
    const atomic_bool *stop;    /* ends the import where it is whole; may be NULL */

    /* Called now and then, from the thread that called. */
    void (*progress)(void *context, const ImportFacts *facts);
    /* Called for each fault, from any thread but one at a time; `where` is like
     * "patients.ndjson, line 3", `place` a FHIRPath expression or empty. */
    void (*fault)(void *context, Str where, Str place, Str reason);
    void *context;
} ImportOptions;

/* Imports all files in their order, makes it durable and audits it. What is rejected is also
 * written, one text a line, to FILE.rejected.ndjson beside FILE (standard-input.rejected.ndjson
 * in the current folder). A failure ends it; what had been taken in whole runs stays. */
Fail import_files(Call *c, Store *s, const Principal *owner, const ImportOptions *options,
                  ImportFacts *out) MUST_USE;

#endif
