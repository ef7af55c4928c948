/* Following a path through a JSON document: see places.h. */
#include "test/talk/places.h"

static void step_into_items(const Json *json, Places *places, bool all, uint64_t number)
{
    Places next = { .count = 0 };

    for (size_t i = 0; i < places->count; i++) {
        uint32_t array = places->at[i];
        uint64_t position = 0;

        if (json->values[array].kind != JSON_ARRAY)
            continue;
        for (uint32_t k = array + 1; k < json->values[array].after;
             k = json->values[k].after, position++)
            if ((all || position == number) && next.count < PLACES)
                next.at[next.count++] = k;
    }
    *places = next;
}

static void step_into_member(const Json *json, Places *places, Str key)
{
    Places next = { .count = 0 };

    for (size_t i = 0; i < places->count; i++) {
        uint32_t object = places->at[i], found;

        if (json->values[object].kind != JSON_OBJECT)
            continue;
        found = json_member(json, object, key);
        if (found)
            next.at[next.count++] = found;
    }
    *places = next;
}

Places places_find(const Json *json, Str path)
{
    Places places = { .count = 1 };
    Str    rest = path, part;

    while (str_next(&rest, '.', &part)) {
        Str key = part, index = { 0 };

        str_cut(part, '[', &key, &index);
        step_into_member(json, &places, key);
        while (index.at) {
            Str      inside = index, more = { 0 };
            uint64_t number = 0;
            bool     all;

            str_cut(index, ']', &inside, &more);
            all = str_equal(inside, STR("*"));
            if (!all)
                str_to_u64(inside, &number);
            step_into_items(json, &places, all, number);
            index = more.len > 1 && more.at[0] == '[' ? str_skip(more, 1) : (Str){ 0 };
        }
    }
    return places;
}
