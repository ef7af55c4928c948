/* What a Reference.reference or a search value says. R4 references.html, REST-16. */
#ifndef FHIR_REFERENCE_H
#define FHIR_REFERENCE_H

#include "base/arena.h"
#include "fhir/definitions.h"

typedef enum ReferenceForm {
    REFERENCE_NONE,        /* not a reference at all */
    REFERENCE_LOCAL,       /* Type/id or Type/id/_history/version, with our own base or none */
    REFERENCE_ABSOLUTE,    /* another server's http(s) address; type and id if it ends so */
    REFERENCE_URN,         /* urn:uuid:… or urn:oid:… */
    REFERENCE_CONTAINED,   /* #id */
    REFERENCE_CONDITIONAL, /* Type?query */
} ReferenceForm;

typedef struct Reference {
    ReferenceForm form;
    TypeId        type;
    Str           id;
    Str           version;
    Str           query; /* of a conditional one, without '?' */
    Str           text;  /* the whole as it stands */
} Reference;

/* `base` is our own address without final slash ("https://…/fhir"), or empty. */
Reference reference_parse(Str text, Str base);

/* "Type/id/_history/version": how rows name one version of a resource. */
Str reference_versioned(Arena *a, TypeId type, Str id, Str version);

/* "#Type": how rows say that a reference leads to a resource of that type on another server. */
Str reference_elsewhere(Arena *a, TypeId type);

#endif
