/* The generated tables, looked up. Everything here runs for each property of each resource. */
#include "fhir/definitions.h"

#include <endian.h>

#include "base/ensure.h"
#include "fhir/custom.h"
#include "fhir/definitions_data.h"

const Trail definitions_trail = { trail_places, trail_edges, trail_guards, trail_emits };

const Structure *structure(TypeId type)
{
    ENSURE(type <= STRUCTURE_COUNT);
    return &structures[type];
}

Str type_name(TypeId type)
{
    return structure(type)->name;
}

static uint64_t load_64(const char *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

static uint64_t load_32(const char *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

/* As tools/generate_definitions.py has it: the ends of the name and its length. */
static uint32_t name_slot(Str name, uint8_t bits)
{
    const unsigned char *byte = (const unsigned char *)name.at;
    uint64_t             head, tail = 0;

    if (name.len >= 8) {
        head = load_64(name.at);
        tail = load_64(name.at + name.len - 8);
    } else if (name.len >= 4) {
        head = load_32(name.at);
        tail = load_32(name.at + name.len - 4);
    } else {
        head = byte[0] | (uint64_t)byte[name.len / 2] << 8 | (uint64_t)byte[name.len - 1] << 16;
    }
    head = (head ^ (tail << 29 | tail >> 35)) + name.len;
    head *= 0x9E3779B97F4A7C15U;
    head = (head ^ head >> 32) * 0x9E3779B97F4A7C15U;
    return (uint32_t)(head >> (64 - bits));
}

TypeId structure_find(Str name)
{
    const uint16_t *slots = structure_slots + structure_slots_of.first;
    uint32_t        mask = (1U << structure_slots_of.bits) - 1;

    if (name.len == 0)
        return 0;
    for (uint32_t at = name_slot(name, structure_slots_of.bits); slots[at];
         at = (at + 1) & mask)
        if (str_equal(structures[slots[at]].name, name))
            return slots[at];
    return 0;
}

TypeId type_find(Str name)
{
    TypeId type = structure_find(name);

    return type_is_resource(type) ? type : 0;
}

const Element *structure_element(TypeId type, Str json_name)
{
    const Slots   *of = &element_slots_of[type];
    const uint8_t *slots = element_slots + of->first;
    const Element *first = elements + structure(type)->element_first;
    uint32_t       mask = (1U << of->bits) - 1;

    if (json_name.len == 0 || type == 0)
        return NULL;
    for (uint32_t at = name_slot(json_name, of->bits); slots[at]; at = (at + 1) & mask)
        if (str_equal(first[slots[at] - 1].name, json_name))
            return &first[slots[at] - 1];
    return NULL;
}

const Element *structure_element_at(TypeId type, uint16_t order)
{
    ENSURE(order < structure(type)->element_count);
    return &elements[structures[type].element_first + order];
}

/* The code's place among those of the set, or -1. */
static int64_t code_place(const CodeSet *set, Str code)
{
    const Str *texts = code_texts + set->first;
    uint32_t   low = 0, high = set->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int      order = str_compare(code, texts[middle]);

        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

bool codes_contain(uint16_t codes, Str code)
{
    return code_place(&code_sets[codes], code) >= 0;
}

Str codes_system(uint16_t codes, Str code)
{
    const CodeSet *set = &code_sets[codes];
    int64_t        place = set->mixed ? code_place(set, code) : -1;

    return place >= 0 ? code_systems[set->systems + place] : set->system;
}

bool targets_contain(uint16_t targets, TypeId type)
{
    if (targets == 0)
        return type_is_resource(type);
    if (targets & CUSTOM_TARGETS)
        return custom_targets_contain(targets, type);
    return type_is_resource(type) && (target_sets[targets][type / 64] >> (type % 64) & 1);
}

bool search_param_is_words(const SearchParam *param)
{
    return str_equal(param->code, STR("_text")) || str_equal(param->code, STR("_content"));
}

const SearchPart *search_param_part(const SearchParam *param, uint16_t number)
{
    const CustomParam *custom = custom_of(param);

    return custom ? &custom->parts[number] : &search_parts[param->part_first + number];
}

uint16_t search_param_key_part(const SearchParam *param)
{
    uint16_t part = 0;

    while (part + 1 < param->part_count && search_param_part(param, part)->type != SEARCH_TOKEN)
        part++;
    return part;
}

const SearchParam *search_params_of(TypeId type, uint16_t *count)
{
    ENSURE(type_is_resource(type));
    *count = (uint16_t)(search_params_from[type + 1] - search_params_from[type]);
    return search_params + search_params_from[type];
}

const SearchParam *search_param_at(uint16_t index)
{
    return index < search_param_count ? &search_params[index] : &custom_of_index(index)->param;
}

const SearchParam *search_param_find(TypeId type, Str code)
{
    const SearchParam *params;
    const CustomParam *custom;
    uint16_t           low = 0, high;

    if (!type_is_resource(type))
        return NULL;
    params = search_params_of(type, &high);
    while (low < high) {
        uint16_t middle = (uint16_t)((low + high) / 2);
        int      order = str_compare(code, params[middle].code);

        if (order == 0)
            return &params[middle];
        if (order < 0)
            high = middle;
        else
            low = (uint16_t)(middle + 1);
    }
    custom = custom_find(custom_set(), type, code);
    return custom ? &custom->param : NULL;
}

const CompartmentRule *compartment_rule(TypeId type)
{
    if (!type_is_resource(type) || compartment_rules[type].type == 0)
        return NULL;
    return &compartment_rules[type];
}

const CompartmentRule *compartment_rule_of(TypeId owner, TypeId type)
{
    if (owner == TYPE_PATIENT)
        return compartment_rule(type);
    for (uint16_t i = 0; i < other_compartment_count; i++)
        if (other_compartments[i].owner == owner && other_compartments[i].rule.type == type)
            return &other_compartments[i].rule;
    return NULL;
}

bool type_has_compartment(TypeId owner)
{
    bool has = owner == TYPE_PATIENT;

    for (uint16_t i = 0; i < other_compartment_count; i++)
        has = has || other_compartments[i].owner == owner;
    return has;
}

const SearchParam *search_param_of_url(Str url)
{
    const CustomSet *set = custom_set();

    for (uint16_t i = 0; i < search_param_count; i++)
        if (str_equal(search_params[i].url, url))
            return &search_params[i];
    for (uint32_t i = 0; i < set->count; i++)
        if (str_equal(set->params[i]->param.url, url))
            return &set->params[i]->param;
    return NULL;
}
