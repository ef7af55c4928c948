/*
 * What the files of this folder share: the row of an interaction, and one turn of one caller.
 */
#ifndef INTERACTION_TURN_H
#define INTERACTION_TURN_H

#include "base/buf.h"
#include "fhir/bundle.h"
#include "interaction/interaction.h"
#include "store/ledger.h"

/* One asking of one caller, allowed as far as its row says. */
typedef struct Turn {
    const Principal *principal;
    const Asked     *asked;
    Permit           permit; /* for the row's deed; zeroed where the row needs none */

    const LedgerWrite *ledger; /* what goes into the ledger with the transaction; or NULL */
    bool own_ids; /* the Bundle is ours: what it makes gets the id that its fullUrl says */
    bool signs;   /* … and it may sign notes: Write.signs */
} Turn;

typedef struct Step Step;

typedef Fail AnswerFunction(Call *c, Session *s, const Turn *turn, Answer *answer);
typedef Fail PrepareFunction(Call *c, Session *s, Step *step);

enum RowFlag {
    ROW_QUICK = 1,   /* never waits for the writer, and does little */
    ROW_PUBLIC = 2,  /* needs no token */
    ROW_QUERY = 4,   /* only where there is a query string */
    ROW_CHANGES = 8, /* answers, and may change something on the way */
};

/* One way to ask for something. A path has up to five parts; ":type", ":id" and ":version"
 * stand for any, ":within" for a type or "*", "$" and "_" words for themselves. */
typedef struct Row {
    HttpMethod       method;
    const char      *path;
    TypeId           only; /* this resource type alone; 0: any */
    Interaction      kind;
    Deed             deed; /* what the caller must be allowed to do with the type */
    uint8_t          flags;
    AnswerFunction  *answer;  /* either answers … */
    PrepareFunction *prepare; /* … or makes a change ready for the writer */
    const char      *defined; /* of an operation of a folder to the right: its definition */
} Row;

/* Adds the operations of a folder to the right. At start-up, before anything is asked; the rows
 * must outlive the process. */
void interaction_offer(const Row *rows, size_t count);

/* The rows one after the other, from 0; NULL behind the last. */
const Row *interaction_row_at(size_t index);

/* Whether the row offers its interaction for that type; 0: for the system. */
bool interaction_row_is_for(const Row *row, TypeId type);

/* The first row of that kind. */
const Row *interaction_row(Interaction kind);

AnswerFunction explain_answer, capabilities_answer, read_answer, vread_answer, history_answer,
    search_answer, bundle_answer, everything_answer, meta_answer, audit_read_answer,
    audit_search_answer, access_log_answer, validate_answer, snapshot_answer, lookup_answer,
    validate_code_answer, expand_answer, subsumes_answer, translate_answer, fhirpath_answer,
    status_answer, find_answer, ics_answer, graphql_answer, view_answer;

PrepareFunction create_prepare, update_prepare, patch_prepare, delete_prepare,
    conditional_update_prepare, conditional_patch_prepare, conditional_delete_prepare,
    meta_add_prepare, meta_delete_prepare, hold_prepare, book_prepare, series_prepare,
    series_change_prepare;

/* ---- small things several interactions need ---- */

/* "3" for version 3 in a list of entity tags ("W/\"3\"", "\"3\", \"4\"", "*"). */
bool etag_matches(Str tags, uint64_t version);

/* Whether the caller has what it asks for already (If-None-Match, If-Modified-Since): then
 * the answer is 304 without body. */
bool answer_is_known(const Asked *asked, const Version *version);

/* Makes the answer of a version: body, ETag, Last-Modified. */
void answer_put_version(Answer *answer, const Version *version);

/* The same of the instance that the address names, for operations on what is stored; *out is its body
 * as the caller may see it. FAIL_GONE if it was deleted. */
Fail answer_put_stored(Call *c, Session *s, const Turn *turn, Answer *answer,
                       Str *out) MUST_USE;

/* Notes for the audit whose data go out with these versions: to be told of all that do. */
Fail answer_touch(Call *c, Session *s, Answer *answer, const Version *versions,
                  size_t count) MUST_USE;

/* Leaves of the body what `_summary` and `_elements` ask for; refuses other parameters. */
Fail answer_put_part(Call *c, const Asked *asked, Answer *answer) MUST_USE;

/* Where an Appointment was refused because somebody is not free: puts the next free times on the call
 * for the outcome. Never fails: without them the refusal stands. */
void book_offer(Call *c, Session *s, const Turn *turn);

/* "The token does not reach it" and "it is not there" are one and the same sentence. */
Fail not_found(Call *c, TypeId type, Str id);

/* A parameter an interaction understands. */
typedef struct ParamRow {
    Str name;
    Fail (*take)(Call *c, Str name, Str value, void *into);
    bool unsaid; /* says which page it is: links do not repeat it */
} ParamRow;

/* Reads the query string by a table; `_format` and `_pretty` are the server's and passed over.
 * Unknown ones are refused unless the caller asked for leniency. FAIL_VALUE. */
Fail params_take(Call *c, const Asked *asked, const ParamRow *rows, size_t count,
                 void *into) MUST_USE;

/* The same for a listing: what was understood is put into `said`, encoded, for its links. */
Fail params_take_said(Call *c, const Asked *asked, const ParamRow *rows, size_t count,
                      void *into, Buf *said) MUST_USE;

/* The same for an operation that is asked by GET or by POST: then the body may be Parameters that
 * say more. */
Fail params_take_operation(Call *c, const Asked *asked, const ParamRow *rows, size_t count,
                           void *into, Buf *said) MUST_USE;

/* The address of a listing, with what was said, and of a page of it if one is given:
 * "Patient/1/_history?_count=2&_page=7.9". */
Str params_address(Call *c, Str path, const Buf *said, Str page);

/* For the tables: a number of entries, a point in time. */
Fail param_count(Call *c, Str name, Str value, uint32_t *out) MUST_USE;
Fail param_moment(Call *c, Str name, Str value, Moment *out) MUST_USE;

#endif
