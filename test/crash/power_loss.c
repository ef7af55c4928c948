/* Makes the disks that a power loss may leave behind from a recording. See power_loss.h. */
#include "test/crash/power_loss.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/ensure.h"

enum { NO_FILE = UINT32_MAX };

/* The numbers of events that are not safe yet. */
typedef struct Pending {
    size_t *events;
    size_t  count, room;
} Pending;

typedef struct DiskFile {
    char   *bytes; /* what is safe */
    size_t  len, room;
    Pending pending;
} DiskFile;

typedef struct DiskName {
    Str      name;
    uint32_t file; /* what the name safely stands for */
    Pending  pending;
} DiskName;

struct PowerLoss {
    const Recording *recording;
    Arena           *arena;
    size_t           at; /* the event it stands before */
    DiskFile        *files;
    DiskName        *names;
    size_t           name_count;
    bool            *ignored; /* for each event: a sync that does nothing */
    uint64_t         lies;
};

/* How one file comes out of a power loss: of a hundred sectors written but not synced, so many
 * are there and so many are rubbish, the rest is as before. */
typedef struct Fate {
    unsigned kept, rubbish;
    bool     by_write; /* a write shares one fate, else each sector has its own */
    bool     in_order; /* everything up to some write, which is torn; nothing after */
} Fate;

static const Fate fates[] = {
    { 0, 0, false, false },   { 100, 0, false, false }, { 50, 0, false, false },
    { 45, 10, false, false }, { 92, 2, false, false },  { 6, 2, false, false },
    { 70, 30, false, false }, { 0, 100, false, false }, { 50, 0, true, false },
    { 85, 5, true, false },   { 0, 0, false, true },    { 0, 50, false, true },
};

static void pending_add(Arena *a, Pending *p, size_t event)
{
    if (p->count == p->room) {
        size_t room = p->room ? 2 * p->room : 64;

        p->events =
            arena_grow(a, p->events, p->room * sizeof *p->events, room * sizeof *p->events);
        p->room = room;
    }
    p->events[p->count++] = event;
}

static void file_extend(Arena *a, DiskFile *f, size_t len)
{
    if (len <= f->len)
        return;
    if (len > f->room) {
        size_t room = f->room ? f->room : 65536;

        while (room < len)
            room *= 2;
        f->bytes = arena_grow(a, f->bytes, f->room, room);
        f->room = room;
    }
    memset(f->bytes + f->len, 0, len - f->len);
    f->len = len;
}

static void file_write(Arena *a, DiskFile *f, size_t offset, const char *bytes, size_t len)
{
    if (!len)
        return;
    file_extend(a, f, offset + len);
    memcpy(f->bytes + offset, bytes, len);
}

static void file_truncate(Arena *a, DiskFile *f, size_t len)
{
    file_extend(a, f, len);
    f->len = len;
}

/* Everything written before event number `before` has reached the disk. */
static void file_make_safe(PowerLoss *p, uint32_t file, uint64_t before)
{
    DiskFile *f = &p->files[file];
    size_t    left = 0;

    for (size_t i = 0; i < f->pending.count; i++) {
        const Event *e = &p->recording->events[f->pending.events[i]];

        if (f->pending.events[i] >= before)
            f->pending.events[left++] = f->pending.events[i];
        else if (e->kind == EVENT_WRITE)
            file_write(p->arena, f, e->offset, e->bytes, e->len);
        else
            file_truncate(p->arena, f, e->offset);
    }
    f->pending.count = left;
}

static DiskName *name_find(PowerLoss *p, Str name)
{
    for (size_t i = 0; i < p->name_count; i++)
        if (str_equal(p->names[i].name, name))
            return &p->names[i];
    p->names[p->name_count] = (DiskName){ .name = name, .file = NO_FILE };
    return &p->names[p->name_count++];
}

/* What the name stands for after the first `count` of its pending events. */
static uint32_t name_after(const PowerLoss *p, const DiskName *n, size_t count)
{
    const Event *e;

    if (!count)
        return n->file;
    e = &p->recording->events[n->pending.events[count - 1]];
    return e->kind == EVENT_CREATE ? e->file : NO_FILE;
}

static bool lie_ignores(Lie lie, const Event *e, uint64_t ordinal, bool checkpoint_follows,
                        bool of_wal)
{
    switch (lie) {
    case LIE_NONE: return false;
    case LIE_EVERY_SEVENTH: return ordinal % 7 == 6;
    case LIE_AS_NORMAL: return e->kind == EVENT_SYNC && of_wal && !checkpoint_follows;
    case LIE_ALWAYS: return true;
    }
    return false;
}

/* From the end to the beginning, because a sync counts as a checkpoint's by what follows it. */
static void lies_prepare(PowerLoss *p, Lie lie)
{
    const Recording *r = p->recording;
    bool             checkpoint_follows = true;
    uint64_t         ordinal = 0;

    for (size_t i = r->event_count; i-- > 0;) {
        const Event *e = &r->events[i];

        if (e->kind == EVENT_WRITE)
            checkpoint_follows = !r->files[e->file].is_wal;
        if (e->kind != EVENT_SYNC && e->kind != EVENT_FOLDER_SYNC)
            continue;
        p->ignored[i] =
            lie_ignores(lie, e, ordinal++, checkpoint_follows, r->files[e->file].is_wal);
    }
}

static int by_number(const void *a, const void *b)
{
    const size_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

size_t *power_loss_points(Arena *a, const Recording *r, Dice *dice, size_t count)
{
    size_t *points = NEW_ARRAY(a, size_t, count);

    for (size_t i = 0; i < count; i++)
        points[i] = dice_below(dice, r->event_count + 1);
    qsort(points, count, sizeof *points, by_number);
    return points;
}

PowerLoss *power_loss_new(const Recording *r, Lie lie)
{
    Arena     *a = arena_create((size_t)8 << 30);
    PowerLoss *p = NEW(a, PowerLoss);

    p->arena = a;
    p->recording = r;
    p->files = NEW_ARRAY(a, DiskFile, r->file_count + 1);
    p->names = NEW_ARRAY(a, DiskName, r->file_count + 1);
    p->ignored = NEW_ARRAY(a, bool, r->event_count + 1);
    for (uint32_t i = 0; i < r->file_count; i++) {
        DiskName *n = name_find(p, r->files[i].name);

        file_write(a, &p->files[i], 0, r->files[i].initial.at, r->files[i].initial.len);
        if (r->files[i].existed)
            n->file = i;
    }
    lies_prepare(p, lie);
    return p;
}

void power_loss_free(PowerLoss *p)
{
    arena_destroy(p->arena);
}

uint64_t power_loss_lies(const PowerLoss *p)
{
    return p->lies;
}

static void step_folder_sync(PowerLoss *p)
{
    for (size_t i = 0; i < p->name_count; i++) {
        DiskName *n = &p->names[i];

        n->file = name_after(p, n, n->pending.count);
        n->pending.count = 0;
    }
}

static void step(PowerLoss *p, size_t number)
{
    const Event *e = &p->recording->events[number];

    if (p->ignored[number]) {
        p->lies++;
        return;
    }
    switch ((EventKind)e->kind) {
    case EVENT_CREATE:
    case EVENT_DELETE:
        pending_add(p->arena, &name_find(p, p->recording->files[e->file].name)->pending,
                    number);
        break;
    case EVENT_WRITE:
    case EVENT_TRUNCATE: pending_add(p->arena, &p->files[e->file].pending, number); break;
    case EVENT_SYNC: file_make_safe(p, e->file, e->offset); break;
    case EVENT_FOLDER_SYNC: step_folder_sync(p); break;
    }
}

void power_loss_advance(PowerLoss *p, size_t to)
{
    ENSURE(to >= p->at && to <= p->recording->event_count);
    while (p->at < to)
        step(p, p->at++);
}

Str power_loss_safe(const PowerLoss *p, uint32_t file)
{
    return (Str){ p->files[file].bytes, p->files[file].len };
}

typedef enum SectorFate { SECTOR_OLD, SECTOR_NEW, SECTOR_RUBBISH } SectorFate;

static SectorFate sector_fate(Dice *dice, const Fate *fate)
{
    uint64_t throw = dice_below(dice, 100);

    if (throw < fate->kept)
        return SECTOR_NEW;
    return throw < fate->kept + fate->rubbish ? SECTOR_RUBBISH : SECTOR_OLD;
}

/* One write that was not synced, sector by sector. */
static void crash_write(Arena *a, DiskFile *f, const Event *e, Dice *dice, const Fate *fate,
                        size_t sector, bool size_survives)
{
    SectorFate shared = sector_fate(dice, fate);
    size_t     end = e->offset + e->len;

    if (size_survives)
        file_extend(a, f, end);
    for (size_t at = e->offset, next; at < end; at = next) {
        size_t     start = at / sector * sector;
        SectorFate what = fate->by_write ? shared : sector_fate(dice, fate);

        next = start + sector < end ? start + sector : end;
        if (what == SECTOR_NEW)
            file_write(a, f, at, e->bytes + (at - e->offset), next - at);
        if (what != SECTOR_RUBBISH)
            continue;
        file_extend(a, f, next);
        next = start + sector < f->len ? start + sector : f->len;
        dice_fill(dice, f->bytes + start, next - start);
        next = start + sector < end ? start + sector : end;
    }
}

/* The file after the power loss, on the arena. */
static DiskFile crash_file(const PowerLoss *p, Arena *a, uint32_t number, Dice *dice)
{
    static const Fate all = { 100, 0, true, false };
    const DiskFile   *safe = &p->files[number];
    const Fate       *fate = &fates[dice_below(dice, COUNT(fates))];
    size_t            sector = dice_below(dice, 4) ? 512 : 4096;
    bool              size_survives = dice_below(dice, 2);
    size_t            torn = dice_below(dice, safe->pending.count + 1);
    DiskFile          f = { 0 };

    file_write(a, &f, 0, safe->bytes, safe->len);
    for (size_t i = 0; i < safe->pending.count; i++) {
        const Event *e = &p->recording->events[safe->pending.events[i]];
        const Fate  *now = fate->in_order && i < torn ? &all : fate;

        if (fate->in_order && i > torn)
            break;
        if (e->kind == EVENT_WRITE)
            crash_write(a, &f, e, dice, fate->in_order && i == torn ? &fates[3] : now, sector,
                        size_survives);
        else if (dice_below(dice, 100) < (now->kept ? now->kept : 25))
            file_truncate(a, &f, e->offset);
    }
    return f;
}

static void write_out(Str folder, Str name, const DiskFile *f)
{
    char   path[512];
    size_t done = 0;
    int    out;

    snprintf(path, sizeof path, "%.*s/%.*s", STR_ARG(folder), STR_ARG(name));
    out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ENSURE(out >= 0);
    while (done < f->len) {
        ssize_t n = write(out, f->bytes + done, f->len - done);

        ENSURE(n > 0);
        done += (size_t)n;
    }
    close(out);
}

void power_loss_write(PowerLoss *p, Dice *dice, Str folder)
{
    ArenaMark mark = arena_mark(p->arena);

    for (size_t i = 0; i < p->name_count; i++) {
        const DiskName *n = &p->names[i];
        size_t          survive = n->pending.count;
        uint32_t        file;

        if (dice_below(dice, 2))
            survive = dice_below(dice, survive + 1);
        file = name_after(p, n, survive);
        if (file != NO_FILE) {
            DiskFile f = crash_file(p, p->arena, file, dice);

            write_out(folder, n->name, &f);
        }
    }
    arena_rewind(p->arena, mark);
}
