/*
 * The shape of the generated tables (definitions_data.c). Only definitions.c and the indexers
 * look at them; everybody else asks through definitions.h.
 */
#ifndef FHIR_DEFINITIONS_DATA_H
#define FHIR_DEFINITIONS_DATA_H

#include "fhir/definitions.h"

/* A part of a table of hash slots: 1 << bits of them from `first`. A slot holds a position
 * + 1, 0 is free; collisions go to the next slot, around the end. */
typedef struct Slots {
    uint32_t first;
    uint8_t  bits;
} Slots;

extern const Structure structures[]; /* by TypeId; 0 is none */
extern const Element   elements[];
extern const Slots     element_slots_of[]; /* by TypeId */
extern const uint8_t   element_slots[];
extern const Slots     structure_slots_of;
extern const uint16_t  structure_slots[];

typedef struct CodeSet {
    uint32_t first; /* of its codes, sorted by their bytes */
    uint16_t count;
    bool     mixed;   /* its codes are from several systems, which stand … */
    uint16_t systems; /* … in code_systems from here on, in the order of the codes */
    Str      system;  /* of the others, and empty where nothing is said */
} CodeSet;

/* An invariant of the standard: ElementDefinition.constraint. */
typedef struct Constraint {
    Str  key, human, expression;
    bool warning;
} Constraint;

typedef struct ElementConstraint {
    uint16_t element; /* in elements[] */
    uint16_t constraint;
} ElementConstraint;

extern const Constraint constraints[];
extern const uint16_t   constraint_count;
extern const uint16_t   structure_constraints_from[]; /* by TypeId; the next one's is the end */
extern const uint16_t   structure_constraints[];
extern const ElementConstraint element_constraints[]; /* by element */
extern const uint16_t          element_constraint_count;

typedef enum BindingStrength {
    BINDING_NONE,
    BINDING_EXAMPLE,
    BINDING_PREFERRED,
    BINDING_EXTENSIBLE,
    BINDING_REQUIRED,
} BindingStrength;

/* A binding that code_sets do not answer: the value set must be asked. */
typedef struct ElementBinding {
    uint16_t element;  /* in elements[] */
    uint8_t  strength; /* BindingStrength */
    Str      value_set;
} ElementBinding;

extern const ElementBinding element_bindings[]; /* by element */
extern const uint16_t       element_binding_count;

enum { TARGET_WORDS = (RESOURCE_TYPES + 64) / 64 };

extern const CodeSet  code_sets[]; /* 0 is none */
extern const Str      code_texts[];
extern const Str      code_systems[];
extern const uint64_t target_sets[][TARGET_WORDS]; /* bits by TypeId; 0 is any */

extern const SearchParam     search_params[];
extern const SearchPart      search_parts[];
extern const uint16_t        search_params_from[]; /* by type; the next type's is the end */
extern const CompartmentRule compartment_rules[];  /* by resource type; type 0 where none */

/* A type's place in the compartment of something else than a patient. */
typedef struct OtherCompartment {
    TypeId          owner;
    CompartmentRule rule;
} OtherCompartment;

extern const OtherCompartment other_compartments[];
extern const uint16_t         other_compartment_count;

/* What must hold for a node to be gone on with. */
typedef enum Guard {
    GUARD_NONE,
    GUARD_EQUALS,    /* its child `name` has the text `value` */
    GUARD_EXTENSION, /* it has an extension with the url `value` */
    GUARD_NOT_FALSE, /* it is not the boolean false */
} Guard;

/* From a place to the children that are `element`, a number in elements[]. */
typedef struct TrailEdge {
    uint16_t element;
    uint16_t guard; /* in trail_guards */
    uint16_t to;    /* place */
} TrailEdge;

typedef struct TrailGuard {
    uint8_t guard; /* Guard */
    Str     name;
    Str     value;
} TrailGuard;

/* A node that has come here is indexed for the parameters in trail_emits. */
typedef struct TrailPlace {
    uint16_t edge_first;
    uint16_t edge_count;
    uint16_t emit_first;
    uint16_t emit_count;
} TrailPlace;

/* The tables of trails that belong together. */
typedef struct Trail {
    const TrailPlace *places;
    const TrailEdge  *edges;
    const TrailGuard *guards;
    const uint16_t   *emits;
} Trail;

/* A parameter of the practice's own for one type, compiled. Its SearchParam stands first, so that
 * one whose index is not below search_param_count is part of such a whole. */
typedef struct CustomParam {
    SearchParam param;
    SearchPart  parts[2];
    uint64_t    targets[TARGET_WORDS]; /* where param.targets has CUSTOM_TARGETS */
    Trail       trail;                 /* from place 0 on */
    uint16_t    place_count, edge_count, guard_count;
    uint16_t    emit;  /* param.index: all that the trail emits */
    Str         owner; /* id of its SearchParameter */
    Str         way;   /* all that decides its rows, for comparing */
    uint64_t    seq;   /* of the SearchParameter it was made from */
    uint64_t    since; /* version of the set that it first stood in */
} CustomParam;

/* In SearchParam.targets: those of the custom parameter in that place (the bits below). */
enum { CUSTOM_TARGETS = 0x8000, CUSTOM_PLACES = CUSTOM_INDICES };

/* For definitions.c, which answers for both kinds. */
const CustomParam *custom_of_index(uint16_t index);
bool               custom_targets_contain(uint16_t targets, TypeId type);

/* NULL if it is one of the standard's. Also for a copy of it, such as a part of a composite has. */
static inline const CustomParam *custom_of(const SearchParam *param)
{
    return param->index >= search_param_count ? custom_of_index(param->index) : NULL;
}

enum { TRAIL_LABEL = 0xFFFF }; /* among the emits: the node is a security label */

extern const uint16_t   trail_roots[]; /* by resource type */
extern const TrailPlace trail_places[];
extern const TrailEdge  trail_edges[];
extern const TrailGuard trail_guards[];
extern const uint16_t   trail_emits[];

/* The standard's own: the five above. */
extern const Trail definitions_trail;

/* What each character becomes for string search: fold_pages[fold_page_of[code >> 8]][code &
 * 255] is a place in fold_text (a length, then so many bytes), or 0 if nothing changes. */
enum { FOLD_LAST = 0x1FFFF };

extern const uint8_t       fold_page_of[];
extern const uint16_t      fold_pages[][256];
extern const unsigned char fold_text[];

#endif
