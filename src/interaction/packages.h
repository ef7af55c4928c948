/*
 * FHIR packages that a practice uses: their profiles, value sets, code systems, concept maps and search
 * parameters are stored like any others, under ids that package, version and name make, so that
 * versions stand side by side. What a package brought is written in an ImplementationGuide with the
 * tag urn:hale:package: it is what lists, and is taken away with the package. ADR 0027
 */
#ifndef INTERACTION_PACKAGES_H
#define INTERACTION_PACKAGES_H

#include "access/principal.h"
#include "fhir/package.h"

#define PACKAGE_TAG "urn:hale:package"

/* One definition of a package that is there. */
typedef struct PackagePart {
    TypeId type;
    Str    id;      /* it is stored under */
    Str    url;     /* or its file, where it has none */
    TypeId profile; /* the type that it is a profile of, or 0 */
} PackagePart;

typedef struct PackageRecord {
    Str                id, url, name, version, title;
    int64_t            at_us;
    PackageDependency *needs;
    uint32_t           need_count;
    PackagePart       *parts;
    uint32_t           part_count;
} PackageRecord;

typedef struct PackageRecords {
    PackageRecord *at;
    size_t         count;
} PackageRecords;

/* A search parameter that is stored, and why it is not in force. */
typedef struct PackageIdle {
    Str file, why;
} PackageIdle;

typedef struct PackageReport {
    Package      package;
    uint32_t     taken, left; /* definitions; files that are none */
    uint32_t     same;        /* search parameters that the standard has by itself */
    PackageIdle *idle;
    uint32_t     idle_count;
} PackageReport;

/* All packages there are, as the owner of the folder sees them, by name and version. */
Fail packages_list(Call *c, Session *s, PackageRecords *out) MUST_USE;

/* Reads an archive and takes all of it, or nothing: FAIL_SYNTAX, FAIL_STRUCTURE … name the file;
 * FAIL_DUPLICATE: that version is there; FAIL_UNPROCESSABLE names the packages it needs and that are
 * not there, unless `incomplete`. */
Fail packages_add(Call *c, Session *s, Str archive, bool incomplete,
                  PackageReport *out) MUST_USE;

/* Takes away what "name#version" brought ("name" alone where there is one version). FAIL_NOT_FOUND;
 * FAIL_CONFLICT: another package needs it; FAIL_MULTIPLE: which version is not said. */
Fail packages_remove(Call *c, Session *s, Str name, uint32_t *removed) MUST_USE;

/* Grows with each package that is added or removed by this process. */
uint64_t packages_serial(void);

#endif
