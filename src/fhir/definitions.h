/*
 * What FHIR R4 says about types, elements, codes, search parameters and compartments, as
 * constant tables. The tables are generated when Hale is built (tools/generate_definitions.py)
 * from the packages HL7 publishes and from definitions/overlay; this file is how the rest of
 * Hale reads them.
 */
#ifndef FHIR_DEFINITIONS_H
#define FHIR_DEFINITIONS_H

#include "base/str.h"

/* A structure: resource types come first, 1 to RESOURCE_TYPES in alphabetical order (these
 * numbers are stored and never change within R4), then complex types, backbone elements and
 * primitive types. 0 is none. The names TYPE_PATIENT, TYPE_HUMAN_NAME, TYPE_CODE … are in the
 * generated definitions_ids.h, which this file includes. */
typedef uint16_t TypeId;

#include "fhir/definitions_ids.h"

typedef enum StructureKind {
    STRUCTURE_RESOURCE,
    STRUCTURE_COMPLEX,  /* HumanName, Extension … */
    STRUCTURE_BACKBONE, /* Patient.contact: a part that only its parent has */
    STRUCTURE_PRIMITIVE,
} StructureKind;

/* How a primitive's value is checked; the JSON form follows from it. */
typedef enum Primitive {
    PRIMITIVE_NONE,
    PRIMITIVE_BOOLEAN,
    PRIMITIVE_INTEGER,
    PRIMITIVE_UNSIGNED_INT,
    PRIMITIVE_POSITIVE_INT,
    PRIMITIVE_DECIMAL,
    PRIMITIVE_STRING,
    PRIMITIVE_MARKDOWN,
    PRIMITIVE_CODE,
    PRIMITIVE_ID,
    PRIMITIVE_URI,
    PRIMITIVE_URL,
    PRIMITIVE_CANONICAL,
    PRIMITIVE_OID,
    PRIMITIVE_UUID,
    PRIMITIVE_DATE,
    PRIMITIVE_DATE_TIME,
    PRIMITIVE_INSTANT,
    PRIMITIVE_TIME,
    PRIMITIVE_BASE64,
    PRIMITIVE_XHTML,
} Primitive;

typedef struct Structure {
    Str      name;          /* "Patient", "HumanName", "Patient.contact", "dateTime" */
    uint8_t  kind;          /* StructureKind */
    uint8_t  primitive;     /* Primitive */
    bool     domain;        /* a DomainResource: has text, contained, extension */
    uint16_t element_first; /* its elements in the order of the definition */
    uint16_t element_count;
} Structure;

/* One JSON property. A choice (value[x]) is one row for each type: valueQuantity … */
typedef struct Element {
    Str      name; /* the property: "valueQuantity" */
    Str      path; /* the name in FHIRPath: "value" */
    TypeId   type; /* of its value; TYPE_RESOURCE where any resource may stand */
    uint8_t  min;
    bool     many;     /* an array in JSON */
    bool     modifier; /* isModifier */
    bool     summary;  /* isSummary: kept by _summary=true */
    uint16_t choice;   /* 0, or a number shared by the rows of one choice in this structure:
                          at most one of them may stand, and min counts for them together */
    uint16_t codes;    /* required binding: for codes_contain(); 0 if none, or not enumerable */
    uint16_t targets;  /* Reference and canonical: for targets_contain(); 0 if any */
    uint16_t order;    /* position within its structure, from 0: for bit sets */
} Element;

const Structure *structure(TypeId type);
Str              type_name(TypeId type);

/* Resource types only: 0 if there is none of that name. Abstract ones are not found. */
TypeId type_find(Str name);

/* Any structure by name ("HumanName", "Patient.contact"), or 0. */
TypeId structure_find(Str name);

static inline bool type_is_resource(TypeId type)
{
    return type >= 1 && type <= RESOURCE_TYPES;
}

/* The property of that name, or NULL. Given without the leading '_' of primitive extensions. */
const Element *structure_element(TypeId type, Str json_name);
const Element *structure_element_at(TypeId type, uint16_t order);

/* Whether a code belongs to the value set required there. */
bool codes_contain(uint16_t codes, Str code);

/* The system that the code comes from there, or an empty text: also for what is none of its codes,
 * where they come from several. */
Str codes_system(uint16_t codes, Str code);

/* Whether a reference there may point to that type. */
bool targets_contain(uint16_t targets, TypeId type);

typedef enum SearchType {
    SEARCH_NUMBER,
    SEARCH_DATE,
    SEARCH_STRING,
    SEARCH_TOKEN,
    SEARCH_REFERENCE,
    SEARCH_COMPOSITE,
    SEARCH_QUANTITY,
    SEARCH_URI,
    SEARCH_SPECIAL,
    SEARCH_TYPES
} SearchType;

/* A search parameter as it applies to one resource type ("Observation.code"). Its expression is
 * compiled into the type's trail, which index_derive() walks along with the resource. */
typedef struct SearchParam {
    Str      code;       /* "birthdate" */
    Str      url;        /* canonical of its definition */
    Str      expression; /* FHIRPath, the part that concerns this type */
    TypeId   base;       /* the resource type */
    uint8_t  type;       /* SearchType */
    bool     indexed; /* rows answer for it; false where only the store's own columns can (_id,
                            _lastUpdated), or nothing can (_text …) */
    bool     exists;  /* a boolean: whether its expression finds anything (deceased) */
    bool     single;  /* a resource has one value of it at most */
    uint16_t index;   /* its place among all, from 0 */
    uint16_t same_as; /* index of the parameter whose rows answer for it, or its own: "patient"
                            reads the rows of "subject" … */
    uint16_t also;    /* … and of this one as well, or same_as again: "combo-code" reads
                            those of "code" and "component-code" */
    TypeId   only_type;  /* of reference rows only those that point to this type (0: all) */
    uint16_t targets;    /* for targets_contain() */
    uint16_t kinds;      /* which kinds of rows: bit 1 << RowKind (fhir/index.h) for each */
    uint16_t part_first; /* of a composite: for search_param_part() */
    uint16_t part_count;
} SearchParam;

/* One part of a composite. The first that is a code is what the rows are kept under; the rows
 * themselves are of the other part. Of three parts the other two are numbers, and a row is the
 * interval from the one to the other. */
typedef struct SearchPart {
    uint8_t  type;    /* SearchType */
    uint16_t kinds;   /* like SearchParam.kinds */
    uint16_t targets; /* for targets_contain() */
    uint16_t place;   /* where its trail begins */
    uint16_t param;   /* index of the parameter that finds what this part does by itself, or
                         SEARCH_PARAM_NONE */
    bool     whole;   /* it begins at the resource, not at the composite's place */
} SearchPart;

enum { SEARCH_PARAM_NONE = UINT16_MAX };

/* The standard's own have indices below this; those from it on are the practice's (custom.h). */
extern const uint16_t search_param_count;

/* So many indices can be given to the practice's own. */
enum { CUSTOM_INDICES = 0x4000 };

/* The parameter of that code for that type (those of all types, "_id" …, included), or NULL: one
 * of the standard's, else one of the practice's own that is in force, though it may not be
 * searched by yet (custom_check_ready). */
const SearchParam *search_param_find(TypeId type, Str code);

/* Whether "*" stands for it, too, and whatever looks at all types. Who has looked at the record,
 * AuditEvent, is asked for by name: most are made of the audit log, and only what came from
 * elsewhere is stored. */
static inline bool type_is_record(TypeId type)
{
    return type != TYPE_AUDIT_EVENT;
}

const SearchParam *search_param_at(uint16_t index);

/* The first parameter that has that canonical url, or NULL. */
const SearchParam *search_param_of_url(Str url);

/* Whether it is looked up among words: _text, _content (fhir/words.h). */
bool search_param_is_words(const SearchParam *param);

/* How many parts a composite has that is a code with where something begins and where it ends. */
enum { SEARCH_SPAN_PARTS = 3 };

/* A part of a composite, from 0; and which of its parts is the code. */
const SearchPart *search_param_part(const SearchParam *param, uint16_t number);
uint16_t          search_param_key_part(const SearchParam *param);

/* All the standard's parameters of one type lie side by side. */
const SearchParam *search_params_of(TypeId type, uint16_t *count);

/* The parameters through which a resource of `type` belongs to a patient's compartment: all of
 * the definition's (for searching) or only those that say whose record it is (for permission;
 * standards 1.10: a performer is not the subject). "Patient" itself belongs to its own. */
typedef struct CompartmentRule {
    TypeId          type;
    const uint16_t *params; /* indices of search parameters */
    uint16_t        count;
    const uint16_t *subject_params;
    uint16_t        subject_count;
} CompartmentRule;

const CompartmentRule *compartment_rule(TypeId type);

/* The same for the compartment of an owner: Patient, Device, Encounter, Practitioner or RelatedPerson.
 * The last four are ways of searching only and say nothing of permission: without subject. NULL
 * if nothing of that type lies there, but for the owner itself. */
const CompartmentRule *compartment_rule_of(TypeId owner, TypeId type);
bool                   type_has_compartment(TypeId owner);

/* A digest of the tables that decide which index rows a resource has. When it differs from
 * the one a database was indexed with, it must be indexed again. 64 hex digits. */
extern const Str definitions_fingerprint;

#endif
