/* Bundles coming in: the entries of a batch or transaction. R4 http.html#transaction, TX-01. */
#ifndef FHIR_BUNDLE_H
#define FHIR_BUNDLE_H

#include "fhir/draft.h"
#include "fhir/resource.h"

typedef enum BundleKind {
    BUNDLE_BATCH,
    BUNDLE_TRANSACTION,
    BUNDLE_COLLECTION, /* collection, searchset, document …: only `hale import` takes these */
} BundleKind;

typedef struct BundleEntry {
    uint32_t index; /* place in Bundle.entry, from 0 */
    Str      full_url;
    Str      method; /* "" where there is no request */
    Str      url;    /* as sent, relative to the base */
    Str      if_match, if_none_match, if_modified_since, if_none_exist;
    bool     has_resource;
    Resource resource; /* a view into the Bundle's tree */
} BundleEntry;

typedef struct Bundle {
    BundleKind   kind;
    Resource     resource;
    BundleEntry *entries;
    uint32_t     count;
} Bundle;

/* Takes apart a Bundle that resource_read() accepted. `base`: our own address; absolute urls
 * that begin with it are made relative. Failure: FAIL_INVALID (not a Bundle, a fullUrl that
 * names a version, one fullUrl twice with the same meta.versionId; not looked at in a history),
 * FAIL_REQUIRED (transaction entries without request, POST and PUT without resource),
 * FAIL_TOO_COSTLY. All faults are noted, the first decides. */
Fail bundle_open(Call *c, const Resource *resource, Str base, Bundle *out) MUST_USE;

/* Where references in the Bundle lead: fullUrl -> "Type/id". */
typedef struct BundleTargets BundleTargets;

BundleTargets *bundle_targets_new(Arena *a, const Bundle *bundle);
void           bundle_targets_put(BundleTargets *t, Str full_url, TypeId type, Str id);

/* Looks up "urn:uuid:…" or an entry's absolute address; a #fragment is not part of it. */
bool bundle_targets_find(const BundleTargets *t, Str url, TypeId *type, Str *id);

/* The conditional references ("Patient?identifier=…") of an entry, so that the caller can
 * resolve them: calls found(context, query text) once for each. */
void bundle_conditional_references(const BundleEntry *entry,
                                   void (*found)(void *context, uint32_t node, Str text),
                                   void *context);

/* A draft of the entry's resource with every reference that leads to another entry rewritten:
 * Reference.reference (also a relative one that is an entry's address beside this one's), url
 * elements (Attachment.url), uri, oid, uuid and canonical elements that equal a fullUrl that is
 * an urn (an address there is a name, such as ValueSet.url, and stays), and href and src in
 * narrative (TX-05, TX-06). A conditional reference's text is looked up in the same targets:
 * put it there before. Failure: FAIL_INVALID naming the place of an urn or a condition
 * that leads nowhere. */
Fail bundle_rewrite(Call *c, const BundleEntry *entry, const BundleTargets *targets,
                    Draft *out) MUST_USE;

#endif
