/*
 * Everything out, in open formats: a folder of NDJSON that any FHIR system can read, with all
 * versions and the audit beside it, so that `hale import` makes the same record of it again.
 * docs: the README.md that is written into the folder.
 */
#ifndef EXCHANGE_EXPORT_H
#define EXCHANGE_EXPORT_H

#include "access/principal.h"

#define EXPORT_FORMAT "hale-export"
#define EXPORT_MANIFEST "manifest.json"
#define EXPORT_HISTORY "history.ndjson"
#define EXPORT_AUDIT "audit.ndjson"
#define EXPORT_GRANTS "grants.ndjson"

enum { EXPORT_FORMAT_VERSION = 1 };

typedef struct ExportFacts {
    uint64_t resources, versions, audit_records, bytes;
} ExportFacts;

typedef struct ExportOptions {
    const char *folder;  /* is made; must not be there, or be empty */
    Str         patient; /* only this patient's record, or empty */
    void (*progress)(void *context, const ExportFacts *facts, uint64_t versions_whole);
    void *context;
} ExportOptions;

/* Writes the folder; the manifest comes last, so a folder without one is incomplete. FAIL_CONFLICT
 * (the folder has something in it), FAIL_NOT_FOUND (no such patient), FAIL_DISK_FULL,
 * FAIL_SYSTEM. */
Fail export_folder(Call *c, Store *s, const Principal *owner, const ExportOptions *options,
                   ExportFacts *out) MUST_USE;

#endif
