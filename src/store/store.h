/*
 * The record on disk. One data folder, one process, one writer thread; any number of sessions
 * that read. The rest of Hale knows nothing of SQL, tables or files.
 *
 * Every function that gives or takes a row wants a Permit. Texts it returns live on the call's
 * arena. Failures common to all: FAIL_DISK_FULL, FAIL_TIMEOUT (the call's deadline),
 * FAIL_TOO_COSTLY (LIMIT_STATEMENT_STEPS), FAIL_SYSTEM.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/call.h"
#include "fhir/directive.h"
#include "fhir/index.h"
#include "fhir/search.h"
#include "store/patients.h"
#include "store/permit.h"

typedef struct Store   Store;
typedef struct Session Session;

typedef struct StoreOptions {
    Str  folder; /* made (0700) if it is not there and `create` is set */
    bool create;
    Str  cipher; /* for a new database: "aegis" (also if empty) or "sqlcipher" */
    Str  base;   /* our own address, for references; if empty the one of before. Another
                            than before makes the index stale */
    Str  vfs;    /* a registered SQLite VFS, for tests; empty for the system's */
} StoreOptions;

/* Opens the folder: takes its lock, its key (keyring file, 0600, made at first start), checks
 * the SQLite version, the key and the schema, applies migrations, recovers. Each refusal is one
 * sentence that says what to do: FAIL_CONFLICT (in use), FAIL_LOGIN (wrong key),
 * FAIL_NOT_SUPPORTED (newer schema, older SQLite), FAIL_NOT_FOUND (no folder). */
Fail store_open(Call *c, const StoreOptions *options, Store **out) MUST_USE;

/* The address that index rows are to be derived with. */
Str store_base(const Store *s);

/* Finishes what is queued, checkpoints, closes, wipes keys. */
void store_close(Store *s);

/* A reader: a read-only connection of its own. One thread at a time. A roomy one keeps more of
 * what it has read: for the few that answer most calls. */
Fail   session_open(Call *c, Store *s, Session **out) MUST_USE;
Fail   session_open_roomy(Call *c, Store *s, Session **out) MUST_USE;
void   session_close(Session *s);
Store *session_store(Session *s);

/* Lets go of the snapshot it may be keeping across calls (see LIMIT_SNAPSHOT_MS). To be called
 * before a worker waits for long. */
void session_rest(Session *s);

/* The same, and gives the pages it has read back to the system: for one that has had nothing to
 * do for a while. */
void session_shrink(Session *s);

/* ---- reading ---- */

typedef enum Method {
    METHOD_POST = 1,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
} Method;

typedef struct Version {
    TypeId   type;
    Str      id;
    uint64_t seq;     /* place in the log of all changes */
    uint64_t version; /* meta.versionId */
    int64_t  at_us;   /* meta.lastUpdated */
    Method   method;
    bool     deleted; /* then there is no text */
    Str      body;    /* the JSON text, compact, as far as the Permit shows it: what goes out */
    Str      whole;   /* all of it, to make a change from or to look into; never goes out */
    Str patients; /* whose record it is in (patients.h); NULL at `at`: see store_patients() */
} Version;

/* Makes `body` of `whole`, without what the Permit hides. Versions that the store gives have theirs; this
 * is for one that was just made, with these index rows. */
Fail store_show(Call *c, const Permit *permit, const IndexRows *rows,
                Version *version) MUST_USE;

/* Whose record a version is in. Versions of earlier databases do not say it by themselves. */
Fail store_patients(Call *c, Store *s, const Version *version, Str *out) MUST_USE;

/* The current version. FAIL_NOT_FOUND if there is none, or the Permit does not reach it: the
 * two are the same in every respect. A deleted one is given with `deleted` set. */
Fail store_read(Call *c, Session *s, const Permit *permit, TypeId type, Str id,
                Version *out) MUST_USE;

/* That version of it. */
Fail store_vread(Call *c, Session *s, const Permit *permit, TypeId type, Str id,
                 uint64_t version, Version *out) MUST_USE;

typedef struct HistoryQuery {
    TypeId  type;      /* 0: of the whole system */
    Str     id;        /* empty: of the whole type */
    int64_t since_us;  /* changes at or after; 0: all */
    int64_t at_low_us; /* versions current at some time in at_low..at_high; 0: any */
    int64_t at_high_us;
    uint64_t
        before_seq; /* only older places in the log: for the next page; 0: from the newest */
    uint64_t pinned_seq; /* nothing newer than this: 0 pins to now, and out says to what */
    uint32_t count;      /* at most so many */
} HistoryQuery;

typedef struct VersionPage {
    Version *versions; /* newest first */
    size_t   count;
    bool     more;
    uint64_t pinned_seq;
    uint64_t total; /* of all pages; UINT64_MAX where it was not counted */
} VersionPage;

/* FAIL_NOT_FOUND for an instance that never existed or is out of reach. */
Fail store_history(Call *c, Session *s, const Permit *permit, const HistoryQuery *query,
                   VersionPage *out) MUST_USE;

/* A search is pinned to the place in the log where its first page was made. The pages together
 * show every resource that matched then exactly once, as it was then, whatever is written
 * meanwhile; clauses that look at other resources (chains) see those as they are now. Matches
 * come in the order of _sort, then the one made last first. */
typedef struct Search {
    const Query *queries; /* one for each type that is looked in; they differ in that alone */
    uint32_t     count;
    Str          said; /* the search as its links say it: a page's link is good for no other */
} Search;

/* What to put into Query.cursor for other pages; empty where there is none. */
typedef struct SearchPage {
    Version *versions;
    size_t   count;
    uint64_t total; /* of all pages; UINT64_MAX where it was not counted */
    Str      next, previous, first, last;
} SearchPage;

/* The page that queries[0].cursor names. FAIL_VALUE: not a link of ours, or of another caller or
 * search; FAIL_GONE: too much has changed since (LIMIT_PAGE_CHANGES); FAIL_TOO_COSTLY. */
Fail store_search_page(Call *c, Session *s, const Permit *permit, const Search *search,
                       SearchPage *out) MUST_USE;

/* How a query is carried out, and what that costs. */
typedef struct SearchReport {
    TypeId      type;
    const char *start;     /* what it starts from */
    Str         clause;    /* the parameter of the clause it starts from, or empty */
    uint64_t    estimate;  /* how many that clause finds; UINT64_MAX where it was not counted */
    bool        at_least;  /* … or more: counting was broken off */
    const char *order;     /* how the page comes into order */
    uint64_t    visited;   /* resources that were looked at for the page */
    uint64_t    matched;   /* of these on the page */
    Str         statement; /* without the values */
} SearchReport;

/* One report for each query of the search, on its page. */
Fail store_search_explain(Call *c, Session *s, const Permit *permit, const Search *search,
                          SearchReport *out) MUST_USE;

/* The same as store_search_page() of one query. */
Fail store_search(Call *c, Session *s, const Permit *permit, const Query *query,
                  SearchPage *out) MUST_USE;

/* When actors (Practitioner, PractitionerRole, Location, Device) are busy: not with what or whom. Each
 * by the rows under its own name: who asks knows a practitioner's roles. What is only held counts until
 * the hold ends. The permit is one for reading in the whole practice. */
typedef struct BusyActor {
    TypeId type;
    Str    id;
} BusyActor;

typedef struct BusyTime {
    uint32_t actor; /* its place among those asked for */
    Moment   time;
} BusyTime;

/* Sorted by actor, then by their beginning. */
Fail store_busy_times(Call *c, Session *s, const Permit *permit, const BusyActor *actors,
                      size_t count, Moment within, BusyTime **out, size_t *out_count) MUST_USE;

/* What refers to one resource through any of the parameters, without bodies. */
typedef struct ReferrerQuery {
    TypeId          source; /* of what refers */
    const uint16_t *params; /* whose rows: SearchParam.same_as, .also */
    size_t          param_count;
    TypeId          type; /* of what is referred to … */
    Str             id;
    uint32_t        most; /* `more` tells that there are others */
} ReferrerQuery;

Fail store_referrers(Call *c, Session *s, const Permit *permit, const ReferrerQuery *query,
                     VersionPage *out) MUST_USE;

/* A patient's compartment in a stable order, for $everything: the Patient first. Without
 * `patient` the records of all patients the permit shows, one after the other; what lies in
 * several of them comes with each. */
typedef struct CompartmentQuery {
    Str            patient;
    const TypeSet *types;         /* NULL: all */
    int64_t        since_us;      /* changed at or after */
    uint64_t       after_patient; /* of all patients: continue with this one's record … */
    uint64_t       after; /* … or the one that was asked for, behind this place; 0: from the
                             beginning */
    uint32_t       count;
} CompartmentQuery;

typedef struct CompartmentPage {
    Version *versions;
    size_t   count;
    bool     more; /* then the next page continues here: */
    uint64_t next_patient, next;
} CompartmentPage;

Fail store_compartment(Call *c, Session *s, const Permit *permit, const CompartmentQuery *query,
                       CompartmentPage *out) MUST_USE;

/* What there is now of a type, in the order of when each was made, page by page: each resource is on one
 * page at most, as it is when that page is read. */
typedef struct CurrentPage {
    Version *versions;
    size_t   count;
    bool     more; /* then the next page is behind this place: */
    uint64_t next;
} CurrentPage;

/* `after`: 0, or CurrentPage.next. Looks at `most` of them. */
Fail store_current(Call *c, Session *s, const Permit *permit, TypeId type, uint64_t after,
                   uint32_t most, CurrentPage *out) MUST_USE;

/* The codes under which what the permit shows can be found by a token parameter that all types
 * have ("_tag", "_security", "_profile"): of one type, or of all (0). Each once, in the order of
 * their first use. Codes too long to be kept whole in the index are left out. */
typedef struct UsedCode {
    Str system, code;
} UsedCode;

Fail store_used_codes(Call *c, Session *s, const Permit *permit, TypeId type, Str param,
                      UsedCode **out, size_t *count) MUST_USE;

/* The codes of a system that anything was ever found by here: those in use, and those that were, so
 * that they are the same for all pages of a search. Not for showing: whose they are is not asked.
 * FAIL_TOO_COSTLY where there are more than LIMIT_QUERY_CODES. */
Fail store_known_codes(Call *c, Session *s, const Permit *permit, Str system, Str **out,
                       size_t *count) MUST_USE;

/* ---- definitions: what is found by its address ---- */

/* The places in the log of the newest versions of resources of that type whose element url is that;
 * the one made last first. A version never changes, so what is made of it can be kept. */
Fail store_definitions(Call *c, Session *s, const Permit *permit, TypeId type, Str url,
                       uint64_t **out, size_t *count) MUST_USE;

/* That version. FAIL_NOT_FOUND if the permit does not show it. */
Fail store_version(Call *c, Session *s, const Permit *permit, TypeId type, uint64_t seq,
                   Version *out) MUST_USE;

/* A seal over a text, for that purpose, with a key that is made of the database's: it is the same after a
 * restart, and nobody else can make it. */
void store_seal(const Store *s, Str purpose, Str text, uint8_t out[32]);

/* A number that no other store of this process has or had: for what is kept beyond calls. */
uint64_t store_serial(const Store *s);

/* The place in the log of the newest change that is visible to readers. */
uint64_t store_newest_seq(Store *s);

/* ---- the audit record of one access ---- */

typedef enum AuditOutcome { AUDIT_DONE, AUDIT_DENIED, AUDIT_FAILED } AuditOutcome;

typedef enum AuditFlag {
    AUDIT_EMERGENCY = 1, /* allowed by break-glass alone */
} AuditFlag;

typedef struct AuditRecord {
    int64_t  at_us;
    uint32_t grant;       /* who: 0 for nobody known */
    uint8_t  interaction; /* Interaction, interaction/asked.h */
    uint8_t  outcome;     /* AuditOutcome */
    uint16_t status;      /* HTTP status of the answer */
    TypeId   type;
    Str      id;
    uint64_t version;
    Str      patient; /* id of the patient whose record it was, or was to be … */
    Str others; /* … and packed (patients.h) all others whose data were touched. Where there
                         is no `patient` their first takes its place, and who is `patient`
                         may be among them */
    Str request_id;
    Str address;    /* of the client */
    Str detail;     /* a search's query, an operation's name; protected like the record */
    uint32_t rows;  /* how many resources went out */
    uint16_t flags; /* AuditFlag */
} AuditRecord;

/* The ids of AuditEvents made of the log: "17" is the first or only one of record 17, "17-3" that of
 * its third patient. False: not of that form. */
bool audit_id_read(Str id, uint64_t *place, uint32_t *part);

/* Whether that names an AuditEvent of the log: nothing is ever stored under such a name, so what was
 * brought from elsewhere cannot stand for a record of ours (ADR 0022). */
bool audit_id_is_own(TypeId type, Str id);

/* Makes records durable and returns when they are. */
Fail store_audit(Call *c, Store *s, const AuditRecord *records, size_t count) MUST_USE;

/* The same without waiting: done(context, result) is called on the writer thread once they
 * are durable. The records are copied. False if the writer's queue is full (answer "busy"). */
bool store_audit_then(Store *s, const AuditRecord *records, size_t count,
                      void (*done)(void *context, Fail result), void *context);

/* Calls each(context, record, place) for every record in order from `after` (0: the first). */
Fail store_audit_read(Call *c, Session *s, uint64_t after,
                      bool (*each)(void *context, const AuditRecord *record, uint64_t place),
                      void *context) MUST_USE;

/* A stretch of the log, some hundreds of records at least unless it ends, on the call's arena: from
 * the record at `from` on, or where it ends the nearest, upwards or (`back`) downwards; 0: from the
 * newest. FAIL_SYSTEM: the log is damaged there. */
typedef struct AuditSlice {
    AuditRecord *records;
    uint64_t    *places;
    size_t       count;
    uint64_t     next; /* where to go on; 0: nowhere */
} AuditSlice;

Fail store_audit_slice(Call *c, Session *s, uint64_t from, bool back, AuditSlice *out) MUST_USE;

/* Who stands behind a grant, as far as is known now; texts are empty where nobody does. */
typedef struct AuditActor {
    Str name;         /* of the login, or of who holds a token that the folder's owner made */
    Str role, linked; /* of the login */
    Str client;       /* the app's name */
} AuditActor;

Fail store_audit_actor(Call *c, Session *s, uint32_t grant, AuditActor *out) MUST_USE;

/* Signs what of the log is not signed yet; this is done by itself at least each minute, each ten
 * thousand records, and when the store is closed. */
Fail store_audit_sign(Call *c, Store *s) MUST_USE;

/* The newest checkpoint (c2sp.org/tlog-checkpoint), and the public key that its signature can be
 * checked with (c2sp.org/signed-note); empty before anything was signed. */
Fail store_audit_checkpoint(Call *c, Session *s, Str *note) MUST_USE;
Fail store_audit_verifier(Call *c, Session *s, Str *out) MUST_USE;

/* The first `width` hashes (1 to 256) of a tile of the newest checkpoint's tree (c2sp.org/tlog-tiles), one
 * behind the other. FAIL_NOT_FOUND: that tree has no such tile, or not so much of it. */
Fail store_audit_tile(Call *c, Session *s, unsigned level, uint64_t number, size_t width,
                      Str *out) MUST_USE;

/* That the record at `place` is in the log, for somebody who has nothing but the verifier key
 * (c2sp.org/tlog-proof; the extra data are the tree's leaf). FAIL_NOT_FOUND: there is none, or it
 * is not signed yet. */
Fail store_audit_prove(Call *c, Session *s, uint64_t place, Str *proof) MUST_USE;

typedef enum AuditState {
    AUDIT_INTACT,
    AUDIT_ALTERED,    /* a record, tile or checkpoint is not what was signed */
    AUDIT_CUT,        /* the log is shorter than what was signed: truncated or rolled back */
    AUDIT_FORKED,     /* sound by itself, but not what the witness has seen */
    AUDIT_DISORDERED, /* times that cannot be */
} AuditState;

typedef struct AuditFinding {
    AuditState state;
    uint64_t   place; /* of the first record that is wrong; 0: of none */
    uint64_t   records, checkpoints, new_records; /* looked at; behind the last checkpoint */
    Str        text;
} AuditFinding;

/* Reads the whole log and compares it with its tiles, its checkpoints and those of witnesses:
 * notes that were signed by this log once, in any order. FAIL_VALUE: one is no checkpoint. */
Fail store_audit_verify(Call *c, Session *s, const Str *witnesses, size_t count,
                        AuditFinding *out) MUST_USE;

/* Which records are of changes that made a version, and which of an import, whose versions are only
 * counted (`rows`). */
typedef struct CrossKinds {
    bool (*changes)(const AuditRecord *record);
    bool (*imports)(const AuditRecord *record);
} CrossKinds;

typedef struct AuditCross {
    bool     agrees;
    uint64_t versions, records; /* looked at: versions of resources, records of changes */
    uint64_t unrecorded;        /* versions without a record … */
    uint64_t version_seq;       /* … of which this is the first in the log of changes … */
    uint64_t imported;          /* … and so many of them may have come by imports */
    uint64_t unfounded;         /* records of changes without their version … */
    uint64_t record;            /* … of which this is the first */
} AuditCross;

/* Compares the audit log with the log of changes, while others write. */
Fail store_audit_cross(Call *c, Session *s, const CrossKinds *kinds, AuditCross *out) MUST_USE;

/* ---- writing ---- */

typedef struct Change {
    Method        method;
    const Permit *permit;
    TypeId        type;
    Str           id;
    bool          creates;    /* must not be there (a deleted one may be revived by PUT) */
    bool          may_create; /* PUT: makes it if it is not there */
    uint64_t      if_version; /* current version must be this; 0: any */
    uint64_t      if_seq; /* what the change was made from (patch): else FAIL_STALE; 0: any */
    bool      tolerant;   /* a SearchParameter that cannot be in force is stored all the same */
    IndexRows rows;       /* of the new version; none for DELETE */
    Str       remainder;  /* stored text, see fhir/draft.h; empty for DELETE */
    /* filled in: */
    uint64_t  version;
    uint64_t  seq;
    int64_t   at_us;
    bool      created;
    bool      absent;  /* DELETE of what was not there, or was deleted before */
    Str       touched; /* whose record it was in and is in now: for the writer alone */
} Change;

/* A search that was looked at when the changes were made: the writer looks again, and if it
 * does not find exactly that resource (or none, if `found` is empty) the answer is FAIL_STALE. */
typedef struct Condition {
    const Query  *query;
    const Permit *permit;
    Str           found; /* id */
} Condition;

typedef struct LedgerWrite LedgerWrite; /* ledger.h */
typedef struct OutboxWrite OutboxWrite; /* outbox.h */

/* The tag of signed notes. */
#define SIGNED_TAG_SYSTEM "urn:hale:note"
#define SIGNED_TAG_CODE "signed"

/* Of the codes of a Practitioner's qualifications with which somebody else signs, too. */
#define SIGNED_SUPERVISED_SYSTEM "urn:hale:supervised"

typedef struct Write {
    Change          *changes;
    size_t           change_count;
    const Condition *conditions;
    size_t           condition_count;
    AuditRecord     *audit; /* made durable in the same commit; type, id, version of
                                      record i are taken from change i where i < change_count, and the
                                      patients it was and is of added */
    size_t           audit_count;
    size_t           failed_change; /* on failure: which change it was; SIZE_MAX: none */

    const LedgerWrite *ledger; /* the money that the changes show; NULL: none */
    const OutboxWrite *outbox; /* messages that go out because of them; NULL: none */
    bool signs; /* may sign notes, and change what goes with signed ones: signed.h */
} Write;

/* All or nothing, durable when it returns OK. FAIL_PRECONDITION (if_version), FAIL_STALE,
 * FAIL_NOT_FOUND (update or delete out of reach; update without may_create), FAIL_GONE (patch
 * of a deleted one), FAIL_CONFLICT (creates, but is there), FAIL_FORBIDDEN (the new version
 * would lie outside the Permit), FAIL_BUSY (queue full), FAIL_DISK_FULL, FAIL_UNKNOWN_OUTCOME. */
Fail store_write(Call *c, Store *s, Write *write) MUST_USE;

/* Looks at a condition on a session: the id that matches in out, empty if none.
 * FAIL_MULTIPLE if several. */
Fail store_condition(Call *c, Session *s, const Permit *permit, const Query *query,
                     Str *out) MUST_USE;

/* Whether there is, or has ever been, anything private (fhir/privacy.h). */
bool store_keeps_private(const Store *s);

/* What the Consents in force withhold, of whom and from whom; kept until the call ends. */
const Directives *store_directives(Call *c, Store *s);

/* Whether a resource with these rows, derived whole, satisfies the rows of the permit (PermitRows):
 * what the views and searches ask of what is stored. */
Fail store_permit_fits(Call *c, const Permit *permit, TypeId type, Str id,
                       const IndexRows *rows, bool *fits) MUST_USE;

/* ---- bulk import ---- */

typedef struct Bulk Bulk;

/* One import at a time (FAIL_CONFLICT). Changes become visible and durable in runs of up to a
 * hundred thousand; store_bulk_end() ends the last. A failure to write shows at a later add, or
 * at the end; what was written before it stays. */
Fail store_bulk_begin(Call *c, Store *s, const Permit *permit, Bulk **out) MUST_USE;

typedef struct BulkItem {
    Method    method; /* of the version row: POST, PUT, DELETE … */
    TypeId    type;
    Str       id;
    uint64_t  version; /* 0: next; else exactly this (import of an export) */
    int64_t   at_us;   /* 0: now; else exactly this (import of an export) */
    IndexRows rows;
    Str       remainder;
    bool      skip_same; /* if the current version has the same remainder, leave it */
} BulkItem;

/* Takes a copy. May be called from several threads. `unchanged` tells that skip_same held, that
 * the exact version was there already, or that there was nothing to delete. Items of one id must
 * come from one thread in their order. FAIL_CONFLICT: the exact version is there with another
 * text; FAIL_FORBIDDEN: a type outside the permit. */
Fail store_bulk_add(Call *c, Bulk *b, const BulkItem *item, bool *unchanged) MUST_USE;
Fail store_bulk_end(Call *c, Bulk *b) MUST_USE;

/* ---- grants: what a bearer token may do ---- */

typedef struct Grant {
    uint32_t number;   /* given by the store */
    uint8_t  hash[32]; /* SHA-256 of the token */
    Str      scopes;
    Str      patient; /* launch patient's id, or empty */
    Str      name;    /* who: "owner", a client's name */
    int64_t  made_us;
    int64_t  ends_us;
    bool     revoked; /* or dead with what it was made of */
    /* Made for an app in the name of a login (people.h); 0: by the owner, and nothing below. */
    uint32_t app;
    Str      role, linked, login_patient; /* of the login, as they are now */
    int64_t  until_us;                    /* when the login's right ends; 0: not */
    int64_t  from_us; /* a proxy's: when it begins, and for what it is (people.h) */
    uint8_t  switches;
    uint32_t login;      /* in whose name, also in an emergency; 0: in nobody's */
    uint32_t glass;      /* made in an emergency, which one; else 0 (people.h) */
    Str      own_scopes; /* made for a client in its own name: what it may have now; or empty */
} Grant;

Fail store_grant_put(Call *c, Store *s, Grant *grant) MUST_USE;
Fail store_grant_find(Call *c, Session *s, const uint8_t hash[32], Grant *out) MUST_USE;

/* Calls each(context, grant) for all grants by their numbers; false stops. The hash is not told. */
Fail store_grant_each(Call *c, Session *s, bool (*each)(void *context, const Grant *grant),
                      void *context) MUST_USE;

/* ---- care ---- */

typedef struct StoreFacts {
    uint64_t newest_seq, resources, versions, bytes;
    bool     index_stale; /* definitions or address changed since the index was made: reindex */
    bool     disk_full;   /* the last write found no room */
    Str      cipher, schema, sqlite;
    /* the practice's own search parameters in force, those of them that are being made, and how
     * far the last of these is, in percent */
    uint32_t custom_params, custom_making, custom_percent;
    /* since start */
    uint64_t commits, changes, batch_max, queue_length, checkpoints;
} StoreFacts;

Fail store_facts(Call *c, Session *s, StoreFacts *out) MUST_USE;

/* Reads the whole file and looks whether it is sound, beside all other work; `finding` says what
 * was found first. */
Fail store_check(Call *c, Store *s, bool *sound, Str *finding) MUST_USE;

/* Begins to follow the log with what is derived from it behind the writer's back (the index of words),
 * on a thread of its own that store_close() ends. For who serves others; without it, who needs it does
 * it when it is needed. */
void store_follow(Store *s);

/* Called now and then by what takes long; false stops it. */
typedef bool StoreProgress(void *context, uint64_t done, uint64_t total);

/* Rebuilds everything derived from `version`, online; progress(context, done, total) now and
 * then, false stops. Resumes where an earlier one stopped. */
Fail store_reindex(Call *c, Store *s, StoreProgress *progress, void *context) MUST_USE;

/* Indexes what is there by the practice's own search parameters that were made after it, in small
 * steps between which others write. progress(context, done, total) for each step; false stops. What
 * was done stays done: the next one goes on from there. */
Fail store_fill(Call *c, Store *s, StoreProgress *progress, void *context) MUST_USE;

/* Lets a thread of the store do that whenever there is something to do, until store_close(). */
Fail store_fill_start(Call *c, Store *s) MUST_USE;

/* Walks all versions in log order (for export). */
Fail store_each_version(Call *c, Session *s, const Permit *permit, uint64_t after_seq,
                        bool (*each)(void *context, const Version *version),
                        void *context) MUST_USE;

#endif
