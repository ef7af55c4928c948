/* One atomic pointer to the set in force, and an arena for all that was published: see custom.h. */
#include "fhir/custom.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/ensure.h"
#include "base/limits.h"
#include "fhir/definitions_data.h"

enum { MEMORY_BYTES = 64 * 1024 * 1024 };

static const CustomSet nothing;

static _Atomic(const CustomSet *) in_force = &nothing;
static atomic_bool                moving; /* a set is prepared and not in force yet */
static _Atomic uint8_t            percents[CUSTOM_PLACES];
static const CustomParam         *places[CUSTOM_PLACES]; /* by index - search_param_count */

/* The maker's alone. */
static struct Making {
    Arena    *arena;
    ArenaMark mark; /* behind what was published */
    uint32_t  used, prepared;
    uint64_t  version;
} making;

/* ---- reading ---- */

const CustomSet *custom_set(void)
{
    return atomic_load_explicit(&in_force, memory_order_acquire);
}

uint64_t custom_version(void)
{
    return custom_set()->version;
}

/* In this order: a snapshot that shows what another set is made for was taken while `moving`. */
bool custom_settled(uint64_t version)
{
    return !atomic_load(&moving) && custom_version() == version;
}

const SearchParam *custom_param(const CustomParam *param)
{
    return &param->param;
}

Str custom_owner(const CustomParam *param)
{
    return param->owner;
}

Str custom_way(const CustomParam *param)
{
    return param->way;
}

uint64_t custom_seq(const CustomParam *param)
{
    return param->seq;
}

uint64_t custom_since(const CustomParam *param)
{
    return param->since;
}

const CustomParam *custom_find(const CustomSet *set, TypeId type, Str code)
{
    uint32_t low = set->from[type], high = set->from[type + 1];

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int      order = str_compare(code, set->params[middle]->param.code);

        if (order == 0)
            return set->params[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const CustomParam *custom_of_index(uint16_t index)
{
    ENSURE(index >= search_param_count && index - search_param_count < CUSTOM_PLACES);
    return places[index - search_param_count];
}

bool custom_targets_contain(uint16_t targets, TypeId type)
{
    const CustomParam *param = places[targets & (CUSTOM_PLACES - 1)];

    return type_is_resource(type) && (param->targets[type / 64] >> (type % 64) & 1);
}

bool custom_in_force(const SearchParam *param)
{
    return !custom_of(param)
           || custom_find(custom_set(), param->base, param->code) == custom_of(param);
}

unsigned custom_percent(const SearchParam *param)
{
    if (!custom_of(param))
        return 100;
    return atomic_load_explicit(&percents[param->index - search_param_count],
                                memory_order_acquire);
}

void custom_percent_put(const SearchParam *param, unsigned percent)
{
    ENSURE(custom_of(param) && percent <= 100);
    atomic_store_explicit(&percents[param->index - search_param_count], (uint8_t)percent,
                          memory_order_release);
}

Fail custom_check_ready(Call *c, Str where, const SearchParam *param)
{
    unsigned percent = custom_percent(param);

    if (percent == 100)
        return OK;
    return fail(c, FAIL_BUSY, where,
                "The search parameter %.*s of %.*s is being made: %u %% of the resources are"
                " indexed by it; until it is finished it cannot be searched by",
                STR_ARG(param->code), STR_ARG(type_name(param->base)), percent);
}

/* ---- making ---- */

static void *copy(Arena *a, const void *from, size_t count, size_t size)
{
    void *to = arena_alloc(a, count + 1, size);

    if (count)
        memcpy(to, from, count * size);
    return to;
}

static Trail copy_trail(Arena *a, const CustomParam *param)
{
    TrailGuard *guards = copy(a, param->trail.guards, param->guard_count, sizeof *guards);

    for (uint32_t i = 0; i < param->guard_count; i++) {
        guards[i].name = arena_str(a, guards[i].name);
        guards[i].value = arena_str(a, guards[i].value);
    }
    return (Trail){
        .places = copy(a, param->trail.places, param->place_count, sizeof(TrailPlace)),
        .edges = copy(a, param->trail.edges, param->edge_count, sizeof(TrailEdge)),
        .guards = guards,
    };
}

static const CustomParam *take_in(const CustomParam *fresh, uint64_t version)
{
    Arena       *a = making.arena;
    uint32_t     place = making.prepared++;
    CustomParam *param = copy(a, fresh, 1, sizeof *param);
    SearchParam *p = &param->param;

    p->code = arena_str(a, p->code);
    p->url = arena_str(a, p->url);
    p->expression = arena_str(a, p->expression);
    p->index = p->same_as = p->also = (uint16_t)(search_param_count + place);
    if (p->targets)
        p->targets = (uint16_t)(CUSTOM_TARGETS | place);
    param->owner = arena_str(a, param->owner);
    param->way = arena_str(a, param->way);
    param->trail = copy_trail(a, param);
    param->emit = p->index;
    param->trail.emits = &param->emit;
    param->since = version;
    places[place] = param;
    atomic_store(&percents[place], 0);
    return param;
}

static size_t bytes_of(const CustomParam *param)
{
    size_t bytes = 4096 + sizeof *param + 4 * param->way.len
                   + param->place_count * sizeof(TrailPlace)
                   + param->edge_count * sizeof(TrailEdge);

    for (uint32_t i = 0; i < param->guard_count; i++)
        bytes += sizeof(TrailGuard) + 64 + param->trail.guards[i].value.len;
    return bytes;
}

static int compare(const void *a, const void *b)
{
    const CustomParam *x = *(const CustomParam *const *)a, *y = *(const CustomParam *const *)b;

    if (x->param.base != y->param.base)
        return x->param.base < y->param.base ? -1 : 1;
    return str_compare(x->param.code, y->param.code);
}

static Fail check_room(Call *c, const CustomParam **params, uint32_t count)
{
    size_t   bytes = arena_used(making.arena) + 1024 * 1024;
    uint32_t fresh = 0;

    if (count > LIMIT_CUSTOM_PARAMS)
        return fail(c, FAIL_TOO_COSTLY, STR("SearchParameter.base"),
                    "These would be more than %d search parameters of the practice's own"
                    " (LIMIT_CUSTOM_PARAMS; each type counts)",
                    LIMIT_CUSTOM_PARAMS);
    for (uint32_t i = 0; i < count; i++)
        if (!params[i]->param.index) {
            bytes += bytes_of(params[i]);
            fresh++;
        }
    if (bytes > MEMORY_BYTES || making.used + fresh > CUSTOM_PLACES)
        return fail(c, FAIL_TOO_COSTLY, (Str){ 0 },
                    "Search parameters were changed too often since Hale was started: start it"
                    " anew");
    return OK;
}

Fail custom_prepare(Call *c, const CustomParam **params, uint32_t count, const CustomSet **out)
{
    const CustomParam **kept;
    CustomSet          *set;

    if (!making.arena) {
        making.arena = arena_create(MEMORY_BYTES);
        making.mark = arena_mark(making.arena);
    }
    arena_rewind(making.arena, making.mark);
    making.prepared = making.used;
    TRY(check_room(c, params, count));
    set = NEW(making.arena, CustomSet);
    kept = NEW_ARRAY(making.arena, const CustomParam *, count + 1);
    set->version = making.version + 1;
    for (uint32_t i = 0; i < count; i++)
        kept[i] = params[i]->param.index ? params[i] : take_in(params[i], set->version);
    qsort(kept, count, sizeof *kept, compare);
    for (TypeId type = 0; type <= RESOURCE_TYPES; type++) {
        uint32_t at = set->from[type];

        while (at < count && kept[at]->param.base == type)
            at++;
        set->from[type + 1] = (uint16_t)at;
    }
    set->count = count;
    set->params = kept;
    atomic_store(&moving, true);
    *out = set;
    return OK;
}

void custom_publish(const CustomSet *set)
{
    making.used = making.prepared;
    making.mark = arena_mark(making.arena);
    making.version = set->version;
    atomic_store(&in_force, set);
    atomic_store(&moving, false);
}

void custom_drop(void)
{
    atomic_store(&moving, false);
}

void custom_clear(void)
{
    atomic_store(&in_force, &nothing);
    atomic_store(&moving, false);
    if (making.arena)
        arena_destroy(making.arena);
    making = (struct Making){ 0 };
}
