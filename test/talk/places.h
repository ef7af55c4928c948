/* Places in a JSON document by a path: "entry[*].resource.name[0].family". */
#ifndef TEST_TALK_PLACES_H
#define TEST_TALK_PLACES_H

#include "codec/json.h"

enum { PLACES = 4096 };

typedef struct Places {
    uint32_t at[PLACES];
    size_t   count;
} Places;

/* All values the path leads to; "[*]" leads to every item. */
Places places_find(const Json *json, Str path);

#endif
