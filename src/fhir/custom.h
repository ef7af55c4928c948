/*
 * The search parameters of the practice's own that are in force in this process: a set that is
 * replaced as a whole, so that every reader sees one that belongs together. Reading takes no lock.
 * One thread at a time makes and publishes sets (the store's writer).
 *
 * What was published stays in memory until custom_clear(): rows, queries and pages may point to
 * it. How much that may be is bounded.
 */
#ifndef FHIR_CUSTOM_H
#define FHIR_CUSTOM_H

#include "base/call.h"
#include "fhir/definitions.h"

typedef struct CustomParam CustomParam;

typedef struct CustomSet {
    uint64_t version;                  /* 0: none was ever published */
    uint16_t from[RESOURCE_TYPES + 2]; /* by type; the next type's is the end */
    uint32_t count;
    const CustomParam *const *params; /* sorted by type and code */
} CustomSet;

const CustomSet *custom_set(void);

/* Its version: what was derived under another one is to be derived again. */
uint64_t custom_version(void);

const SearchParam *custom_param(const CustomParam *param);
Str                custom_owner(const CustomParam *param); /* its SearchParameter's id */
Str                custom_way(const CustomParam *param);   /* all that decides its rows */
uint64_t           custom_seq(const CustomParam *param); /* place in the log it was made from */
uint64_t           custom_since(const CustomParam *param); /* version it first stood in */

/* Whether what was read with that version of the set can be answered from a snapshot that was
 * taken before asking: no other set came into force, and none is about to. */
bool custom_settled(uint64_t version);

/* The parameter of that code for that type, or NULL. */
const CustomParam *custom_find(const CustomSet *set, TypeId type, Str code);

/* Whether a parameter stands in the set in force. */
bool custom_in_force(const SearchParam *param);

/* How many of the resources there are have their rows, in percent: at 100 it can be searched by.
 * Of what is not custom always 100. */
unsigned custom_percent(const SearchParam *param);
void     custom_percent_put(const SearchParam *param, unsigned percent);

/* FAIL_BUSY, saying how far it is, for one that cannot be searched by yet. */
Fail custom_check_ready(Call *c, Str where, const SearchParam *param) MUST_USE;

/* ---- making ---- */

/* A set of these parameters: published ones, and new ones, which are copied and get their index.
 * It is not in force before custom_publish(); the next custom_prepare() forgets it. From here to
 * there, or to custom_drop(), nothing is settled: what makes it necessary is being committed. FAIL_TOO_COSTLY
 * past LIMIT_CUSTOM_PARAMS, or when too much was published since the start. */
Fail custom_prepare(Call *c, const CustomParam **params, uint32_t count,
                    const CustomSet **out) MUST_USE;
void custom_publish(const CustomSet *set);

/* What was prepared does not come into force. */
void custom_drop(void);

/* Forgets all: for opening and closing a store. Nobody may be working with a parameter. */
void custom_clear(void);

#endif
