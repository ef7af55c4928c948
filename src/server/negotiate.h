/*
 * What request headers say, read without judging: media types, codings, preferences, entity
 * tags. All functions are pure; what they do not understand they leave out or say so.
 * RFC 9110 (5.6, 8.4, 12.5), RFC 7240 (Prefer), FHIR R4 http.html (mime types).
 */
#ifndef SERVER_NEGOTIATE_H
#define SERVER_NEGOTIATE_H

#include "interaction/interaction.h"

/* "application/fhir+json; charset=utf-8": the name without parameters, and the two parameters
 * that matter. Empty texts where there is nothing; `name` is empty if it is malformed. */
typedef struct MediaType {
    Str name;
    Str charset;
    Str fhir_version;
} MediaType;

MediaType media_type_parse(Str header);

/* application/fhir+json, application/json, text/json or just "json", in FHIR R4's version
 * (fhirVersion 4.0 or none), in UTF-8. */
bool media_type_is_fhir_json(const MediaType *type);

/* The same for application/fhir+xml, application/xml, text/xml or just "xml". */
bool media_type_is_fhir_xml(const MediaType *type);

typedef enum Wanted {
    WANTED_FHIR_JSON, /* a FHIR JSON type is named */
    WANTED_FHIR_XML,  /* a FHIR XML type is named, and liked better */
    WANTED_ANYTHING,  /* a wildcard allows it, or nothing is said */
    WANTED_OTHER,     /* only what we do not make */
} Wanted;

/* What the Accept header likes best (RFC 9110 12.5.1). Where JSON is named it is not given up for a
 * wildcard, XML only for one of more weight; of two liked alike the first named counts. */
Wanted accept_parse(Str header);

/* What a _format parameter (decoded) asks for; it wins over Accept. A space stands for a '+'
 * that was not encoded (REST-30). */
Wanted format_parse(Str format);

/* Whether Accept-Encoding lets that coding through (with a weight above nought). */
bool accept_encoding_allows(Str header, Str coding);
bool accept_encoding_allows_gzip(Str header);

/* Which of the languages offered Accept-Language likes best: its place in `tags`, the first where
 * it likes none. */
size_t accept_language(Str header, const Str *tags, size_t count);

typedef enum ContentCoding {
    CODING_NONE,
    CODING_GZIP,
    CODING_OTHER, /* not understood, or several */
} ContentCoding;

ContentCoding content_coding_parse(Str header);

typedef struct Preferences {
    bool         has_return;
    PreferReturn what_return;
    bool         has_handling;
    bool         lenient; /* handling=lenient */
    bool         respond_async;
} Preferences;

/* Adds what one Prefer header says; the first of contradicting preferences holds (RFC 7240 2). */
void preferences_add(Preferences *p, Str header);

/* Whether a text may be taken over as X-Request-Id: [A-Za-z0-9._-]{1,64}. */
bool request_id_valid(Str id);

#endif
