/*
 * Making the stored text of a resource from what was sent: edits spliced into the source.
 * White space outside strings goes, id and server-owned meta are taken out, every other byte
 * stays as it was sent: digits, escapes, order.
 *
 * The stored text of every version is a head made from its row, then the remainder:
 *     {"resourceType":"T","id":"I","meta":{"versionId":"N","lastUpdated":"…"   REMAINDER
 * The remainder therefore begins inside meta: `}}`, `},"name":…}` or `,"profile":[…]},…}`.
 * It is what is compressed and kept, made by a worker before the writer knows N and the time.
 */
#ifndef FHIR_DRAFT_H
#define FHIR_DRAFT_H

#include "fhir/resource.h"

typedef struct Edit {
    uint32_t from, to; /* bytes of the source that are replaced */
    Str      with;
} Edit;

typedef struct Draft {
    Arena          *arena;
    const Resource *resource;
    Edit           *edits; /* in any order, not overlapping */
    size_t          count, room;
    uint32_t dropped; /* a member of meta that is left out: its number in the JSON; 0: none */
} Draft;

Draft draft_new(Arena *a, const Resource *resource);

/* Puts `with` (JSON, compact) in place of the bytes from..to of the tree's source, which are
 * whole values or members, never a part of a string. Members are added to the root or to meta
 * at the object's closing bracket (from = to = its place), with a comma in front. What lies in
 * id or in the server's part of meta is left out with it. */
void draft_replace(Draft *d, uint32_t from, uint32_t to, Str with);

/* Leaves that member of meta out (one at most). */
void draft_drop(Draft *d, uint32_t member);

/* Replaces the text of a string node. */
void draft_set_text(Draft *d, uint32_t node, Str text);

/* The remainder with all edits applied. The head is not part of it. */
Str draft_remainder(const Draft *d);

/* The whole text of a version. */
Str draft_whole(Arena *a, TypeId type, Str id, uint64_t version, int64_t at_us, Str remainder);

/* Length of the whole without making it. */
size_t draft_head_put(Buf *out, TypeId type, Str id, uint64_t version, int64_t at_us);

#endif
