/* Bundles going out: searchset, history and the rest, written in one pass around the stored
 * bytes of the resources. */
#ifndef INTERACTION_LISTING_H
#define INTERACTION_LISTING_H

#include "interaction/turn.h"

typedef struct Listing {
    Buf      text;
    Str      base;
    uint32_t links;
    uint32_t entries;
} Listing;

/* total UINT64_MAX: not said. */
Listing listing_begin(Arena *a, Str base, Str bundle_type, uint64_t total, size_t expected);

/* Links come before entries. `address` is below the base: "Patient?name=a". */
void listing_link(Listing *l, Str relation, Str address);

/* Begins an entry at fullUrl base/Type/id and puts the resource in, if there is a body. */
void listing_entry(Listing *l, TypeId type, Str id, Str body);

/* Adds what follows in the entry: `search`, or `request` and `response`. */
void listing_search_mode(Listing *l, Str mode);
void listing_changed(Listing *l, const Version *version);
void listing_end_entry(Listing *l);

Str listing_end(Listing *l);

/* An entry that tells what a lenient search passed over. */
void listing_outcome(Listing *l, Str outcome);

#endif
