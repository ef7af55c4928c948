/* Reading files, and handing what is in them to threads: see import.h. */
#include "exchange/import.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "exchange/importer.h"
#include "exchange/source.h"
#include "interaction/interaction.h"

enum {
    LANES_MAX = 64,
    BATCHES_PER_LANE = 3,
    BATCH_BYTES = 128 * 1024,
    BATCH_PIECES = 64,
    PROGRESS_MS = 200,
    BATCH_ARENA_BYTES = 2 * LIMIT_BUNDLE_BODY_BYTES,
    ROUNDS = 16, /* for what refers to what is put off itself */
};

/* Pieces that travel together: lines, or one Bundle. */
typedef struct Batch {
    Arena   *arena;
    bool     bundle;
    bool     late;   /* lines that had been put off */
    uint64_t ticket; /* of a Bundle */
    uint32_t count;
    size_t   bytes;
    Piece    pieces[BATCH_PIECES];
} Batch;

typedef struct Reading {
    Importer    importer;
    Arena      *arena;
    Lane        lanes[LANES_MAX];
    Batch      *filling[LANES_MAX];
    unsigned    lane_count, started;
    Queue      *free; /* batches that nobody uses */
    Batch       batches[LANES_MAX * BATCHES_PER_LANE];
    bool        fresh; /* nothing was stored before: the audit of an export is taken, too */
    uint64_t    tickets;
    bool        bundles; /* what is under way: Bundles, else lines … */
    bool        late;    /* … that had been put off */
    Input     **inputs;
    size_t      input_count;
    uint64_t    told_ms;
    ImportFacts facts;
} Reading;

/* ---- a lane ---- */

/* Takes one piece under the arena's boundary. */
static Fail take_piece(Lane *l, const Piece *piece, const Batch *batch)
{
    Call *c = &l->call;
    Fail  result;

    if (setjmp(*arena_boundary(c->arena)))
        return import_too_costly(c);
    result = batch->bundle ? import_bundle(l, piece)
             : batch->late ? import_late_resource(l, piece->text)
                           : import_resource(l, piece->text);
    arena_forget_boundary(c->arena);
    return result;
}

static void lane_take(Lane *l, const Piece *piece, const Batch *batch)
{
    Importer *im = l->importer;
    Call     *c = &l->call;
    Fail      result;

    if (im->ended)
        return;
    arena_reset(c->arena);
    arena_set_cap(c->arena, batch->bundle ? LIMIT_BUNDLE_CALL_BYTES : LIMIT_CALL_BYTES);
    call_begin(c, c->arena);
    c->deadline_ms = 0;
    result = take_piece(l, piece, batch);
    if (batch->late && result == FAIL_NOT_FOUND && l->unresolved && !im->last_round)
        return; /* what it refers to may come in this round */
    if (result != OK && !im->ended)
        import_reject(im, c, 0, piece, piece->text);
    if (batch->late)
        import_settle(im, piece);
}

/* Lets the next Bundle store what it has prepared. */
static void pass_turn(Lane *l)
{
    Importer *im = l->importer;

    import_take_turn(l);
    pthread_mutex_lock(&im->turn_lock);
    im->turn++;
    pthread_cond_broadcast(&im->turn_moved);
    pthread_mutex_unlock(&im->turn_lock);
    l->has_turn = false;
}

typedef struct LaneStart {
    Lane  *lane;
    Queue *free;
} LaneStart;

static void *lane_run(void *context)
{
    Lane  *l = ((LaneStart *)context)->lane;
    Queue *free = ((LaneStart *)context)->free;
    Batch *batch;

    l->call.arena = arena_create(LIMIT_CALL_BYTES);
    while ((batch = queue_take(l->queue, -1))) {
        l->ticket = batch->ticket;
        for (uint32_t i = 0; i < batch->count; i++)
            lane_take(l, &batch->pieces[i], batch);
        if (batch->bundle)
            pass_turn(l);
        ENSURE(queue_put(free, batch));
    }
    if (l->session)
        session_close(l->session);
    arena_destroy(l->call.arena);
    return NULL;
}

/* ---- handing out ---- */

static Batch *batch_take(Reading *r)
{
    Batch *batch = queue_take(r->free, -1);

    arena_reset(batch->arena);
    batch->count = 0;
    batch->bytes = 0;
    batch->bundle = false;
    batch->late = r->late;
    return batch;
}

static void lane_send(Reading *r, unsigned lane)
{
    if (r->filling[lane] && r->filling[lane]->count) {
        ENSURE(queue_put(r->lanes[lane].queue, r->filling[lane]));
        r->filling[lane] = NULL;
    }
}

/* Waits until everything that was handed out is done. */
static void drain(Reading *r)
{
    unsigned total = r->lane_count * BATCHES_PER_LANE;
    Batch   *all[LANES_MAX * BATCHES_PER_LANE];
    unsigned count = 0;

    for (unsigned i = 0; i < r->lane_count; i++) {
        lane_send(r, i);
        if (r->filling[i]) {
            ENSURE(queue_put(r->free, r->filling[i]));
            r->filling[i] = NULL;
        }
    }
    while (count < total)
        all[count++] = queue_take(r->free, -1);
    while (count > 0)
        ENSURE(queue_put(r->free, all[--count]));
}

static void batch_add(Batch *batch, const Piece *piece)
{
    batch->pieces[batch->count] = *piece;
    batch->pieces[batch->count++].text = arena_str(batch->arena, piece->text);
    batch->bytes += piece->text.len;
}

/* Lines of one id go to one lane, so that they are stored in their order. */
static void hand_out_line(Reading *r, const Piece *piece, Str id)
{
    unsigned lane = (unsigned)(str_hash(id) % r->lane_count);
    Batch   *batch = r->filling[lane];

    if (!batch)
        batch = r->filling[lane] = batch_take(r);
    batch_add(batch, piece);
    if (batch->count == BATCH_PIECES || batch->bytes >= BATCH_BYTES)
        lane_send(r, lane);
}

static void hand_out_bundle(Reading *r, const Piece *piece)
{
    Batch *batch = batch_take(r);

    batch->bundle = true;
    batch->ticket = r->tickets++;
    batch_add(batch, piece);
    ENSURE(queue_put(r->lanes[batch->ticket % r->lane_count].queue, batch));
}

static void reject_too_long(Reading *r, Call *c, const Piece *piece)
{
    uint32_t since = c->issue_count;

    fail(c, FAIL_TOO_LARGE, (Str){ 0 }, "longer than %d bytes", (int)LIMIT_BUNDLE_BODY_BYTES);
    import_reject(&r->importer, c, since, piece, (Str){ 0 });
    call_forget_issues(c, since);
}

/* A line whose references are searches waits until everything else is stored. */
static void put_off(Reading *r, Call *c, const Piece *piece)
{
    uint32_t since = c->issue_count;

    if (import_put_off(&r->importer, r->arena, piece->input, piece->text, piece->line))
        return;
    fail(c, FAIL_TOO_COSTLY, (Str){ 0 },
         "it refers to what may come later, and too many such lines came over standard input:"
         " import it from a file");
    import_reject(&r->importer, c, since, piece, piece->text);
    call_forget_issues(c, since);
}

/* Whether the document at hand is a Bundle to be unpacked. What its members say decides; where
 * it does not even say its type it goes the way of a resource, and is refused there. */
static bool unpacks(const Document *document, const Glance *glance)
{
    if (!str_equal(glance->type, STR("Bundle")))
        return false;
    return import_unpacks(document_member(document->text, STR("type")));
}

static void hand_out(Reading *r, Call *c, Input *input, const Document *document)
{
    Glance glance = document_glance(document->text);
    bool   bundle = unpacks(document, &glance);
    Piece  piece = { .input = input, .text = document->text, .line = document->line };

    if (document->too_long) {
        reject_too_long(r, c, &piece);
        return;
    }
    if (!str_equal(glance.type, STR("Bundle")) && import_is_late(document->text)) {
        put_off(r, c, &piece);
        return;
    }
    if (bundle != r->bundles) {
        drain(r);
        r->bundles = bundle;
    }
    if (bundle)
        hand_out_bundle(r, &piece);
    else
        hand_out_line(r, &piece, glance.id);
}

/* ---- files ---- */

static void tell_progress(Reading *r, uint64_t done, bool now)
{
    const ImportOptions *o = r->importer.options;
    uint64_t             ms = clock_monotonic_ms();

    if (!now && ms - r->told_ms < PROGRESS_MS)
        return;
    r->told_ms = ms;
    r->facts.taken = r->importer.taken;
    r->facts.unchanged = r->importer.unchanged;
    r->facts.rejected = r->importer.rejected;
    r->facts.bytes_done = done;
    if (o->progress)
        o->progress(o->context, &r->facts);
}

static bool stopped(const Reading *r)
{
    const ImportOptions *o = r->importer.options;

    return r->importer.ended || (o->stop && atomic_load(o->stop));
}

static bool is_file(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

static Input *input_new(Reading *r, const char *path)
{
    bool   standard = strcmp(path, "-") == 0;
    Input *input = NEW(r->arena, Input);

    input->path = path;
    input->name = standard ? "standard input" : path;
    input->again = !standard && is_file(path);
    input->rejected =
        arena_printf(r->arena, "%s.rejected.ndjson%c", standard ? "standard-input" : path, 0)
            .at;
    r->inputs[r->input_count++] = input;
    return input;
}

/* Goes through a file; one that cannot be read to its end is told of. */
static void walk_file(Reading *r, Call *c, Input *input, uint64_t before,
                      void (*each)(Reading *r, Call *c, Input *input, const Document *document))
{
    Source  *source;
    uint32_t since = c->issue_count;

    input->documents = 0;
    if (source_open(c, input->path, &source) != OK) {
        import_tell(&r->importer, input->name, c);
        call_forget_issues(c, since);
        return;
    }
    while (!stopped(r)) {
        Document document;
        bool     more;

        if (source_next(c, source, &document, &more) != OK) {
            if (!r->late)
                import_tell(&r->importer, input->name, c);
            call_forget_issues(c, since);
            break;
        }
        if (!more)
            break;
        each(r, c, input, &document);
        input->documents++;
        tell_progress(r, before + source_bytes_done(source), false);
    }
    source_close(source);
}

/* ---- what was put off ---- */

static void hand_out_late(Reading *r, Call *c, Input *input, const Document *document)
{
    Piece piece = { .input = input,
                    .text = document->text,
                    .line = document->line,
                    .number = input->documents };

    (void)c;
    if (import_waits(input, piece.number) && !document->too_long)
        hand_out_line(r, &piece, document_glance(piece.text).id);
}

static void hand_out_held(Reading *r, const Input *input)
{
    for (uint64_t i = 0; i < input->late.numbers && !stopped(r); i++)
        if (import_waits(input, i))
            hand_out_line(r, &input->late.held[i],
                          document_glance(input->late.held[i].text).id);
}

static void late_round(Reading *r, Call *c)
{
    for (size_t i = 0; i < r->input_count && !stopped(r); i++) {
        Input *input = r->inputs[i];

        if (!input->late.numbers)
            continue;
        if (input->again)
            walk_file(r, c, input, r->facts.bytes_whole, hand_out_late);
        else
            hand_out_held(r, input);
    }
    drain(r);
}

/* As long as a round settles some, the next may settle more; the last rejects what is left. */
static Fail take_late(Reading *r, Call *c)
{
    Importer *im = &r->importer;

    r->late = true;
    for (unsigned round = 1; im->put_off && !im->last_round && !stopped(r); round++) {
        TRY(import_flush(c, im));
        im->last_round = round > 1 && (im->settled == 0 || round == ROUNDS);
        im->settled = 0;
        late_round(r, c);
    }
    return OK;
}

/* ---- all files ---- */

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static uint64_t size_of(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
}

static Fail read_all(Reading *r, Call *c)
{
    const ImportOptions *o = r->importer.options;
    uint64_t             before = 0;

    for (size_t i = 0; i < o->path_count && !stopped(r); i++) {
        if (is_folder(o->paths[i])) {
            drain(r);
            TRY(import_export(c, &r->importer, o->paths[i]));
        } else {
            walk_file(r, c, input_new(r, o->paths[i]), before, hand_out);
            before += size_of(o->paths[i]);
        }
    }
    drain(r);
    return take_late(r, c);
}

/* ---- all of it ---- */

static unsigned lanes_wanted(const ImportOptions *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (options->threads)
        return options->threads < LANES_MAX ? options->threads : LANES_MAX;
    return processors < 1 ? 1 : processors > LANES_MAX ? LANES_MAX : (unsigned)processors;
}

static void lanes_start(Reading *r, LaneStart *starts)
{
    unsigned batches = r->lane_count * BATCHES_PER_LANE;

    r->free = queue_create(batches);
    for (unsigned i = 0; i < batches; i++) {
        r->batches[i].arena = arena_create(BATCH_ARENA_BYTES);
        ENSURE(queue_put(r->free, &r->batches[i]));
    }
    for (unsigned i = 0; i < r->lane_count; i++) {
        r->lanes[i] = (Lane){ .importer = &r->importer, .queue = queue_create(batches) };
        starts[i] = (LaneStart){ &r->lanes[i], r->free };
        ENSURE(pthread_create(&r->lanes[i].thread, NULL, lane_run, &starts[i]) == 0);
    }
}

static void lanes_end(Reading *r)
{
    for (unsigned i = 0; i < r->lane_count; i++)
        queue_close(r->lanes[i].queue);
    for (unsigned i = 0; i < r->lane_count; i++) {
        pthread_join(r->lanes[i].thread, NULL);
        queue_destroy(r->lanes[i].queue);
    }
    queue_destroy(r->free);
    for (unsigned i = 0; i < r->lane_count * BATCHES_PER_LANE; i++)
        arena_destroy(r->batches[i].arena);
}

/* Ends the last run, unless the store failed already. */
static Fail finish(Reading *r, Call *c, Fail result)
{
    Importer *im = &r->importer;

    if (im->ended) {
        fail(c, im->failure, (Str){ 0 }, "%s",
             im->failure_text[0] ? im->failure_text : "the store failed");
        result = im->failure;
    }
    if (im->bulk) {
        Fail ended = store_bulk_end(c, im->bulk);

        if (result == OK)
            result = ended;
    }
    return result;
}

static Fail note_in_audit(Call *c, Store *s, const Principal *owner, const Reading *r)
{
    AuditRecord record = {
        .at_us = clock_wall_us(),
        .grant = owner->grant,
        .interaction = INTERACTION_IMPORT,
        .outcome = r->importer.ended ? AUDIT_FAILED : AUDIT_DONE,
        .status = r->importer.ended ? 500 : 200,
        .request_id = str_from(c->request_id),
        .detail = arena_printf(c->arena, "%llu resources, %llu unchanged, %llu rejected",
                               (unsigned long long)r->facts.taken,
                               (unsigned long long)r->facts.unchanged,
                               (unsigned long long)r->facts.rejected),
        .rows = r->facts.taken > UINT32_MAX ? UINT32_MAX : (uint32_t)r->facts.taken,
    };

    return store_audit(c, s, &record, 1);
}

Fail import_files(Call *c, Store *s, const Principal *owner, const ImportOptions *options,
                  ImportFacts *out)
{
    Reading  *r = NEW(c->arena, Reading);
    LaneStart starts[LANES_MAX];
    Fail      result;

    r->importer = (Importer){ .store = s, .options = options };
    r->arena = c->arena;
    r->inputs = NEW_ARRAY(c->arena, Input *, options->path_count + 1);
    r->fresh = store_newest_seq(s) == 0;
    r->lane_count = lanes_wanted(options);
    for (size_t i = 0; i < options->path_count; i++)
        r->facts.bytes_whole += size_of(options->paths[i]);
    TRY(access_permit(c, owner, DEED_UPDATE, 0, &r->importer.permit));
    TRY(store_bulk_begin(c, s, &r->importer.permit, &r->importer.bulk));
    r->importer.known = known_create();
    pthread_mutex_init(&r->importer.turn_lock, NULL);
    pthread_cond_init(&r->importer.turn_moved, NULL);
    pthread_mutex_init(&r->importer.fault_lock, NULL);
    lanes_start(r, starts);
    result = read_all(r, c);
    lanes_end(r);
    result = finish(r, c, result);
    for (size_t i = 0; i < options->path_count && result == OK && r->fresh; i++)
        if (is_folder(options->paths[i]))
            result = import_export_audit(c, &r->importer, options->paths[i]);
    tell_progress(r, r->facts.bytes_done, true);
    r->facts.stopped = options->stop && atomic_load(options->stop);
    known_destroy(r->importer.known);
    if (note_in_audit(c, s, owner, r) != OK && result == OK)
        result = FAIL_SYSTEM;
    *out = r->facts;
    return result;
}
