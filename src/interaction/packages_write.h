/* What adding and removing packages share: packages.c, packages_add.c. */
#ifndef INTERACTION_PACKAGES_WRITE_H
#define INTERACTION_PACKAGES_WRITE_H

#include "interaction/interaction.h"
#include "interaction/packages.h"

/* Whether definitions of that type become part of the practice, and may be taken away again. */
bool packages_takes(TypeId type);

/* What the owner of the folder may do. */
Fail packages_permit(Call *c, Deed deed, TypeId type, Permit *out) MUST_USE;

/* The id of a file of that version; that of its record where `what` is empty. */
Str packages_id(Call *c, Str name, Str version, Str what);

/* Whether what is needed is there, in a package or in the program; `without` one of them, or NULL. */
bool packages_has(const PackageRecords *all, const PackageDependency *wanted,
                  const PackageRecord *without);

/* A change that stores a resource under an id, whatever it says itself. */
Fail packages_compose(Call *c, const Permit *permit, Str base, const Resource *resource, Str id,
                      Change *out) MUST_USE;

/* All changes in one write; *failed is the one that could not be made, or SIZE_MAX. */
Fail packages_write(Call *c, Session *s, const Asked *asked, Change *changes, size_t count,
                    size_t *failed) MUST_USE;

#endif
