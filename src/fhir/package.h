/*
 * FHIR packages: a gzipped tar archive with a folder "package" that holds package.json and resources
 * as JSON, one to a file. https://hl7.org/fhir/packages.html, https://confluence.hl7.org/x/xwJ2Aw
 */
#ifndef FHIR_PACKAGE_H
#define FHIR_PACKAGE_H

#include "base/call.h"
#include "fhir/definitions.h"

typedef struct PackageDependency {
    Str name, version;
} PackageDependency;

typedef struct PackageFile {
    Str    name; /* "StructureDefinition-us-core-patient.json" */
    Str    text;
    TypeId type;
    Str    id, url, version;
} PackageFile;

typedef struct Package {
    Str                name, version, title;
    PackageDependency *dependencies;
    uint32_t           dependency_count;
    PackageFile       *files;
    uint32_t           file_count;
} Package;

/* Reads a whole package. It is refused whole, with the file and the reason: FAIL_SYNTAX (archive or JSON
 * broken), FAIL_STRUCTURE (no package.json, a file that is no resource), FAIL_NOT_SUPPORTED (not for
 * R4), FAIL_TOO_LARGE. The result points into memory of the call. */
Fail package_read(Call *c, Str bytes, Package *out) MUST_USE;

/* Whether "4.0.1" is what a dependency asks for: "4.0.1", "4.0.x", "latest", "current". */
bool package_version_fits(Str version, Str wanted);

#endif
