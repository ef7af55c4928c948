/*
 * Elements that a reader may not see, or may see and not change. What is hidden is cut out of every text
 * that goes out, cannot be searched by, and is kept as it is when somebody writes who does not see it.
 * An element is named by its path, one or two names deep: "Appointment.comment",
 * "Patient.contact.telecom", "Appointment.meta.security". With the first hidden element of a type the
 * narrative and the contained resources of that type are hidden, too: they may say the same.
 */
#ifndef FHIR_MASK_H
#define FHIR_MASK_H

#include "fhir/draft.h"
#include "fhir/index.h"

enum { MASK_WHOLE = UINT16_MAX };

/* One element, by its places in the definitions; of a choice any of its types. */
typedef struct MaskElement {
    TypeId   type;
    uint16_t first, second; /* second: MASK_WHOLE where the first is meant altogether */
} MaskElement;

typedef struct MaskRow {
    MaskElement element;
    bool        read_only; /* seen, but not changed */
    Str         criteria; /* only where the resource matches (criteria_read()); empty: always */
} MaskRow;

/* All that its rows and those of `further` say holds. */
typedef struct MaskSet {
    const MaskRow        *rows;
    uint32_t              count;
    const struct MaskSet *further;
} MaskSet;

/* Rows that hold for one resource, as texts. */
typedef struct MaskNames {
    struct MaskName {
        Str    first, second; /* second empty: the whole element */
        TypeId inside;        /* the type of what `second` is in */
    } * names;
    uint32_t count;
} MaskNames;

/* Reads a path. FAIL_VALUE for what there is not, and for what cannot be hidden: what must be there,
 * what says whose record it is, definitions. */
Fail mask_path_read(Call *c, Str path, bool read_only, MaskElement *out) MUST_USE;

/* The path again. */
Str mask_path(Arena *a, const MaskElement *element);

/* Whether anything of that type is hidden; with `read_only` also whether anything is not to be changed. */
bool mask_has(const MaskSet *set, TypeId type, bool read_only);

/* The rows that hold for a resource with that id and these index rows; without rows (NULL) all of
 * that type. What cannot be asked holds. */
Fail mask_find(Call *c, const MaskSet *set, TypeId type, bool read_only, Str id,
               const IndexRows *rows, MaskNames *out) MUST_USE;

/* Whether what a search parameter finds in resources of that type may be hidden. */
bool mask_hides_param(const MaskSet *set, TypeId type, const SearchParam *param);

/* The parameter of that code, or NULL where there is none that may be asked. */
const SearchParam *mask_param_find(const MaskSet *set, TypeId type, Str code);

/* What is left of a stored text. With `tag` it is marked as a part (SUBSETTED, R4 resource.html#Meta;
 * the tag's id, "withheld", tells it from a summary). */
Fail mask_cut(Call *c, TypeId type, const MaskNames *hidden, bool tag, Str whole,
              Str *out) MUST_USE;

/* The tag that mask_cut() put into what is now sent back, or 0. */
uint32_t mask_tag_find(const Resource *r);

/* Puts back into a draft what its author does not see, from the stored text it replaces, and takes out
 * the tag. FAIL_FORBIDDEN naming the element: it says something where it may not; or an element that
 * holds hidden parts and stands in a list does not come back as it was shown (more may follow it).
 * `text`: the narrative is kept, too. */
Fail mask_keep(Call *c, const MaskNames *hidden, Str whole, bool text, Draft *draft) MUST_USE;

/* FAIL_FORBIDDEN, naming the first of the elements that is not the same in both texts; `before` empty:
 * there was none. */
Fail mask_check_same(Call *c, TypeId type, const MaskNames *names, Str before,
                     Str after) MUST_USE;

/* FAIL_FORBIDDEN unless each of the names stands in the other list. */
Fail mask_check_within(Call *c, TypeId type, const MaskNames *names,
                       const MaskNames *others) MUST_USE;

/* Those of the names that do not stand in the other list. */
MaskNames mask_without(Arena *a, const MaskNames *names, const MaskNames *others);

/* Whether two texts of one resource say the same. */
Fail mask_same_text(Call *c, Str left, Str right, bool *same) MUST_USE;

#endif
