/* The audit log's tree: signed in any steps it is the same, and whatever is done to the log
 * behind Hale's back is found. */
#include <fcntl.h>
#include <unistd.h>

#include "codec/base64.h"
#include "store/audit_tree.h"
#include "store/writer.h"
#include "test/crash/raw_database.h"
#include "test/store/store_help.h"

/* ---- records ---- */

static void append(size_t count)
{
    Arena       *a = arena_create(64 << 20);
    AuditRecord *records = NEW_ARRAY(a, AuditRecord, count);
    static int   number;
    Call         call;

    call_begin(&call, a);
    for (size_t i = 0; i < count; i++, number++)
        records[i] = (AuditRecord){
            .at_us = 1700000000000000 + number,
            .interaction = 1,
            .status = 200,
            .type = TYPE_PATIENT,
            .id = arena_printf(a, "patient-%d", number),
            .detail = number % 3 ? (Str){ 0 } : arena_printf(a, "name=n%d", number),
        };
    CHECK(store_audit(&call, help_open(), records, count) == OK);
    arena_destroy(a);
}

static uint64_t length(void)
{
    return atomic_load(&help_open()->audit_place);
}

static void sign(void)
{
    Call *c = unit_call();

    if (store_audit_sign(c, help_open()) != OK)
        unit_fail(__FILE__, __LINE__, "not signed: %.*s",
                  STR_ARG(c->issues[c->issue_count - 1].text));
}

static Str newest(void)
{
    Str note = { 0 };

    CHECK(store_audit_checkpoint(unit_call(), help_session(), &note) == OK);
    return note;
}

static AuditFinding verify(Str witness)
{
    AuditFinding finding = { 0 };

    CHECK(store_audit_verify(unit_call(), help_session(), &witness, witness.len > 0, &finding)
          == OK);
    return finding;
}

static bool is_intact(void)
{
    AuditFinding finding = verify((Str){ 0 });

    if (finding.state != AUDIT_INTACT)
        unit_fail(__FILE__, __LINE__, "state %d at %llu: %.*s", finding.state,
                  (unsigned long long)finding.place, STR_ARG(finding.text));
    return finding.state == AUDIT_INTACT;
}

/* The root over all records, made at once and from nothing but the records. */
typedef struct Whole {
    AuditWalk walk;
    AuditTree tree;
} Whole;

static bool add(AuditWalk *walk, uint64_t place, const AuditEntry *entry)
{
    audit_tree_add(&((Whole *)walk)->tree, entry);
    return place > 0;
}

static bool is_root_of_all(Str note)
{
    Whole      whole = { .walk = { .entry = add } };
    Checkpoint said;
    MerkleHash root;
    Str        text;

    audit_tree_begin(&whole.tree, unit_call()->arena);
    if (audit_walk(unit_call(), help_session(), &whole.walk) != OK || !note_text(note, &text)
        || !checkpoint_read(unit_call()->arena, text, &said))
        return false;
    root = merkle_root(&whole.tree.merkle);
    return said.size == whole.tree.merkle.size && memcmp(&root, &said.root, sizeof root) == 0;
}

TEST(a_log_signed_in_steps_across_starts_is_signed_as_a_whole)
{
    static const size_t steps[] = { 1, 254, 1, 1, 255, 300, 20000, 45000, 700 };

    help_open();
    for (size_t i = 0; i < COUNT(steps); i++) {
        for (size_t left = steps[i]; left; left -= left < 1000 ? left : 1000)
            append(left < 1000 ? left : 1000);
        if (i % 2)
            sign();
        else
            help_reopen();
        CHECK(is_root_of_all(newest()));
    }
    CHECK(is_intact());
    help_close();
}

TEST(records_not_signed_yet_are_told)
{
    AuditFinding finding;

    help_open();
    append(10);
    sign();
    append(5);
    finding = verify((Str){ 0 });
    CHECK_INT(finding.state, AUDIT_INTACT);
    CHECK_INT(finding.records, 15);
    CHECK_INT(finding.new_records, 5);
    CHECK_INT(finding.checkpoints, 1);
    help_close();
}

TEST(an_empty_log_is_intact)
{
    help_open();
    CHECK(is_intact());
    CHECK_INT(newest().len, 0);
    help_close();
}

/* ---- what the database refuses ---- */

static Fail run_sql(Call *c, Writer *w, void *context)
{
    return db_run(w->db, context) ? OK : fail(c, FAIL_SYSTEM, (Str){ 0 }, "refused");
}

TEST(the_database_refuses_to_change_the_log)
{
    static const char *const tries[] = {
        "UPDATE audit SET records = records",
        "DELETE FROM audit",
        "DELETE FROM audit_tile",
        "UPDATE audit_checkpoint SET note = ''",
        "DROP TABLE audit_checkpoint",
        "ALTER TABLE audit RENAME TO other",
    };

    help_open();
    append(3);
    for (size_t i = 0; i < COUNT(tries); i++)
        CHECK(writer_run(unit_call(), help_open(), run_sql, (void *)(uintptr_t)tries[i], false)
              != OK);
    CHECK(writer_run(unit_call(), help_open(), run_sql, (void *)(uintptr_t) "DELETE FROM label",
                     false)
          == OK);
    CHECK(is_intact());
    help_close();
}

/* ---- what is done behind Hale's back ---- */

static const char *database(const char *ending)
{
    return arena_printf(unit_call()->arena, "%.*s/data/hale.db%s%c", STR_ARG(unit_folder()),
                        ending, 0)
        .at;
}

static void copy_file(const char *from, const char *to)
{
    int  in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    char bytes[65536];

    for (ssize_t n; (n = read(in, bytes, sizeof bytes)) > 0;)
        CHECK(write(out, bytes, (size_t)n) == n);
    close(in);
    close(out);
}

/* Runs statements on the closed database, past the store. */
static void tamper(const char *sql)
{
    char         key[KEYRING_KEY_BYTES];
    RawOptions   options = { .path = database("") };
    RawDatabase *raw;

    memcpy(key, help_open()->keyring.key, sizeof key);
    help_close();
    options.key = key;
    raw = raw_database_open(&options);
    if (!raw || !raw_database_run(raw, sql))
        unit_fail(__FILE__, __LINE__, "could not run: %s", sql);
    if (raw)
        raw_database_close(raw);
    help_open();
}

/* Fifty rows of twenty records, signed every 250, and the checkpoint in the middle kept. */
static Str make_log(void)
{
    Str kept = { 0 };

    help_open();
    for (int row = 0; row < 50; row++) {
        append(20);
        if (row % 12 == 11)
            sign();
        if (row == 23)
            kept = arena_str(unit_call()->arena, newest());
    }
    sign();
    help_close();
    copy_file(database(""), database(".kept"));
    help_open();
    return kept;
}

static void put_back(void)
{
    help_close();
    unlink(database("-wal"));
    unlink(database("-shm"));
    copy_file(database(".kept"), database(""));
    help_open();
}

static const char cut_tail[] = "DELETE FROM audit WHERE place > 400;"
                               " DELETE FROM audit_tile;"
                               " DELETE FROM audit_checkpoint WHERE size > 400";

TEST(each_kind_of_change_is_found_at_its_place)
{
    static const struct {
        const char *sql;
        AuditState  state;
        uint64_t    place;
    } changes[] = {
        /* another time */
        { "UPDATE audit SET records = CAST(substr(records, 1, 3) || x'09'"
          " || substr(records, 5) AS BLOB) WHERE place = 61",
          AUDIT_ALTERED, 61 },
        { "DELETE FROM audit WHERE place = 101", AUDIT_ALTERED, 101 },
        { "UPDATE audit SET place = 9999 WHERE place = 981", AUDIT_ALTERED, 981 },
        { "UPDATE audit SET records = (SELECT records FROM audit WHERE place = 21)"
          " WHERE place = 201",
          AUDIT_ALTERED, 201 },
        { "UPDATE audit SET records = CAST(substr(records, 1, 30) AS BLOB) WHERE place = 301",
          AUDIT_ALTERED, 301 },
        { "DELETE FROM audit_tile WHERE number = 2", AUDIT_ALTERED, 513 },
        { "UPDATE audit_tile SET hashes = zeroblob(8192) WHERE number = 1", AUDIT_ALTERED,
          257 },
        { "DELETE FROM audit WHERE place > 900", AUDIT_CUT, 901 },
        { "UPDATE audit_checkpoint SET note = replace(note, 'time 20', 'time 21')",
          AUDIT_ALTERED, 240 },
        { cut_tail, AUDIT_INTACT, 0 }, /* nobody can see that … */
    };

    make_log();
    CHECK(is_intact());
    for (size_t i = 0; i < COUNT(changes); i++) {
        AuditFinding finding;

        tamper(changes[i].sql);
        finding = verify((Str){ 0 });
        if (finding.state != changes[i].state || finding.place != changes[i].place)
            unit_fail(__FILE__, __LINE__, "%s: state %d at %llu (%.*s)", changes[i].sql,
                      finding.state, (unsigned long long)finding.place, STR_ARG(finding.text));
        put_back();
    }
    help_close();
}

/* What somebody with the database's key could do at any place, the tiles and checkpoints behind it
 * thrown away as well; each row has twenty records. */
static const char *random_change(unsigned *seed)
{
    unsigned what = (unsigned)rand_r(seed) % 5, row = (unsigned)rand_r(seed) % 24 * 20 + 1;
    unsigned other = (row / 20 + 1 + (unsigned)rand_r(seed) % 20) % 24 * 20 + 1;
    unsigned at = 2 + (unsigned)rand_r(seed) % 400;
    Arena   *a = unit_call()->arena;
    Str      change;

    if (what == 0)
        change =
            arena_printf(a,
                         "UPDATE audit SET records = CAST(substr(records, 1, %u) ||"
                         " CASE substr(records, %u, 1) WHEN x'01' THEN x'02' ELSE x'01' END"
                         " || substr(records, %u) AS BLOB) WHERE place = %u",
                         at - 1, at, at + 1, row);
    else if (what == 1)
        change = arena_printf(a, "DELETE FROM audit WHERE place = %u", row);
    else if (what == 2)
        change =
            arena_printf(a,
                         "UPDATE audit SET place = place + 1000020 WHERE place >= %u;"
                         "UPDATE audit SET place = place - 1000000 WHERE place > 1000000;"
                         "INSERT INTO audit SELECT %u, records FROM audit WHERE place = 961",
                         row, row);
    else if (what == 3)
        change = arena_printf(a,
                              "UPDATE audit SET place = 0 WHERE place = %u;"
                              "UPDATE audit SET place = %u WHERE place = %u;"
                              "UPDATE audit SET place = %u WHERE place = 0",
                              row, row, other, other);
    else
        change = arena_printf(a, "DELETE FROM audit WHERE place >= %u", row);
    return arena_printf(a,
                        "%.*s; DELETE FROM audit_tile; DELETE FROM audit_checkpoint"
                        " WHERE size >= %u%c",
                        STR_ARG(change), row < other ? row : other, 0)
        .at;
}

TEST(any_change_is_found_given_an_older_checkpoint)
{
    Str      kept = make_log();
    unsigned seed = 20261122;

    for (int i = 0; i < 60; i++) {
        const char *sql = random_change(&seed);

        tamper(sql);
        if (verify(kept).state == AUDIT_INTACT)
            unit_fail(__FILE__, __LINE__, "not found: %s", sql);
        put_back();
    }
    CHECK_INT(verify(kept).state, AUDIT_INTACT);
    help_close();
}

TEST(a_log_cut_off_or_signed_anew_is_found_by_a_witness)
{
    Str kept = make_log();

    CHECK_INT(verify(kept).state, AUDIT_INTACT);
    tamper(cut_tail); /* … but who has kept a checkpoint */
    CHECK_INT(verify(kept).state, AUDIT_CUT);
    append(600); /* and time goes on */
    sign();
    CHECK(is_intact());
    CHECK_INT(verify(kept).state, AUDIT_FORKED);
    put_back();
    tamper("DELETE FROM audit_checkpoint; DELETE FROM audit_tile;"
           " DELETE FROM setting WHERE name = 'audit_log'");
    sign();
    CHECK(is_intact());
    CHECK_INT(verify(kept).state, AUDIT_FORKED);
    help_close();
}

TEST(a_changed_log_is_not_signed_again)
{
    make_log();
    tamper("UPDATE audit SET records = (SELECT records FROM audit WHERE place = 961)"
           " WHERE place = 981");
    append(10);
    CHECK(store_audit_sign(unit_call(), help_open()) != OK);
    help_close();
}

TEST(a_witness_that_is_no_checkpoint_is_refused)
{
    Str          witness = STR("something else");
    AuditFinding finding;

    help_open();
    CHECK_INT(store_audit_verify(unit_call(), help_session(), &witness, 1, &finding),
              FAIL_VALUE);
    help_close();
}

/* ---- proofs ---- */

/* Checks a proof with the verifier key alone, as somebody far away would. */
static bool is_proof(Str proof, uint64_t index, NoteSigner *signer)
{
    Arena     *a = unit_call()->arena;
    MerkleHash path[MERKLE_HEIGHTS], leaf, root;
    size_t     count = 0;
    Digest    *d = digest_new(a);
    Checkpoint said;
    Str        line, text;

    if (!str_cut(proof, '\n', &line, &proof) || !str_cut(proof, '\n', &line, &proof)
        || !base64_read(a, str_skip(line, 6), &text))
        return false;
    leaf = merkle_leaf(d, text);
    if (!str_cut(proof, '\n', &line, &proof)
        || !str_equal(line, arena_printf(a, "index %llu", (unsigned long long)index)))
        return false;
    while (str_cut(proof, '\n', &line, &proof) && line.len && base64_read(a, line, &text))
        memcpy(&path[count++], text.at, sizeof path[0]);
    return note_open(a, signer, proof, &text) && checkpoint_read(a, text, &said)
           && merkle_prove(d, index, said.size, &leaf, path, count, &root)
           && memcmp(&root, &said.root, sizeof root) == 0;
}

TEST(a_record_can_be_proven_to_somebody_who_has_only_the_public_key)
{
    static const uint64_t places[] = { 1, 2, 255, 256, 257, 512, 777, 1000 };
    NoteSigner            signer;
    Str                   proof;

    make_log();
    REQUIRE(length() == 1000);
    REQUIRE(audit_signer_load(unit_call(), help_session(), &signer) == OK);
    memset(signer.seed, 0, sizeof signer.seed);
    for (size_t i = 0; i < COUNT(places); i++) {
        REQUIRE(store_audit_prove(unit_call(), help_session(), places[i], &proof) == OK);
        CHECK(is_proof(proof, places[i] - 1, &signer));
        CHECK(!is_proof(proof, places[i], &signer));
    }
    CHECK_INT(store_audit_prove(unit_call(), help_session(), 0, &proof), FAIL_NOT_FOUND);
    CHECK_INT(store_audit_prove(unit_call(), help_session(), 1001, &proof), FAIL_NOT_FOUND);
    help_close();
}
