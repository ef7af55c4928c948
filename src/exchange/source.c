/* Streams of documents: see source.h. */
#include "exchange/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "codec/gzip.h"

enum {
    PIECE_BYTES = 256 * 1024,
    SOURCE_ARENA_BYTES = 4 * LIMIT_BUNDLE_BODY_BYTES,
};

typedef enum Form {
    FORM_UNKNOWN,
    FORM_LINES, /* NDJSON */
    FORM_WHOLE, /* one text */
} Form;

struct Source {
    Arena      *arena;
    int         fd;
    Form        form;
    char       *packed_room;
    Str         packed; /* read, but not yet unpacked */
    GzipStream *gzip;   /* NULL where the file is plain */
    bool        sniffed;
    bool        read_all;   /* nothing more comes from the file */
    Fail        broken;     /* what ended it early */
    Buf         window;     /* unpacked; what lies before `from` has been given */
    size_t      from, came; /* came: with the last piece */
    uint64_t    line, bytes_done, bytes_whole;
};

Fail source_open(Call *c, const char *path, Source **out)
{
    bool        standard = strcmp(path, "-") == 0;
    int         fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    Arena      *arena;
    Source     *s;

    if (fd < 0 || fstat(fd, &info) != 0)
        return fail(c, FAIL_NOT_FOUND, str_from(path), "cannot open %s: %s", path,
                    strerror(errno));
    if (S_ISDIR(info.st_mode)) {
        close(fd);
        return fail(c, FAIL_NOT_FOUND, str_from(path), "%s is a folder", path);
    }
    arena = arena_create(SOURCE_ARENA_BYTES);
    s = NEW(arena, Source);
    s->arena = arena;
    s->fd = fd;
    s->line = 1;
    s->bytes_whole = S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
    s->packed_room = arena_alloc_raw(arena, PIECE_BYTES);
    s->gzip = gzip_stream_new(arena);
    s->window = buf_new(arena, 4 * PIECE_BYTES);
    *out = s;
    return OK;
}

void source_close(Source *s)
{
    if (s->fd != STDIN_FILENO)
        close(s->fd);
    arena_destroy(s->arena);
}

uint64_t source_bytes_done(const Source *s)
{
    return s->bytes_done;
}

uint64_t source_bytes_whole(const Source *s)
{
    return s->bytes_whole;
}

/* ---- bytes ---- */

/* The next piece of the file into `packed`; nothing at its end. */
static Fail read_piece(Call *c, Source *s)
{
    ssize_t got;

    do
        got = read(s->fd, s->packed_room, PIECE_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "cannot be read: %s", strerror(errno));
    s->packed = (Str){ s->packed_room, (size_t)got };
    s->bytes_done += (uint64_t)got;
    if (got == 0)
        s->read_all = true;
    if (!s->sniffed && got > 0) {
        if (!str_starts(s->packed, STR("\x1f\x8b")))
            s->gzip = NULL;
        s->sniffed = true;
    }
    return OK;
}

/* Moves what is not yet given to the front of the window. */
static void make_room(Source *s)
{
    size_t kept = s->window.len - s->from;

    if (s->from == 0)
        return;
    memmove(s->window.at, s->window.at + s->from, kept);
    s->window.len = kept;
    s->from = 0;
}

/* More bytes behind the end of the window, unless there are none. */
static Fail read_more(Call *c, Source *s)
{
    size_t len = 0;
    char  *room;

    if (s->window.room - s->window.len < PIECE_BYTES)
        make_room(s);
    if (s->packed.len == 0 && !s->read_all)
        TRY(read_piece(c, s));
    room = buf_reserve(&s->window, PIECE_BYTES);
    if (s->gzip) {
        TRY(gzip_stream_next(c, s->gzip, &s->packed, room, PIECE_BYTES, &len));
        if (s->read_all && len == 0 && s->sniffed && !gzip_stream_complete(s->gzip))
            return fail(c, FAIL_SYNTAX, (Str){ 0 }, "the gzip file is cut off");
    } else {
        len = s->packed.len;
        if (len)
            memcpy(room, s->packed.at, len);
        s->packed = (Str){ 0 };
    }
    s->window.len += len;
    s->came = len;
    return OK;
}

static bool nothing_more(const Source *s)
{
    return s->read_all && s->packed.len == 0;
}

/* ---- documents ---- */

static Str waiting(const Source *s)
{
    return (Str){ s->window.at + s->from, s->window.len - s->from };
}

/* Where the line ends that begins `start` bytes behind what was given (the place of its newline,
 * counted likewise), reading on until that is known. A negative number: there is no newline, and
 * this is all. A line that is too long ends where reading stopped. */
static Fail find_line_end(Call *c, Source *s, size_t start, ptrdiff_t *end)
{
    size_t looked = start;

    for (;;) {
        Str   rest = str_skip(waiting(s), looked);
        char *at = rest.len ? memchr(rest.at, '\n', rest.len) : NULL;
        bool  last = nothing_more(s); /* but for what the unpacker still holds */

        if (at) {
            *end = at - waiting(s).at;
            return OK;
        }
        looked = waiting(s).len;
        if (looked > start + LIMIT_BUNDLE_BODY_BYTES) {
            *end = (ptrdiff_t)looked;
            return OK;
        }
        TRY(read_more(c, s));
        if (last && s->came == 0) {
            *end = -1;
            return OK;
        }
    }
}

/* Whether a text is one bracketed value and nothing else: enough to tell a line of NDJSON from
 * the first line of something laid out for people. */
static bool balanced(Str text)
{
    int  depth = 0;
    bool in_string = false;

    text = str_trim(text);
    for (size_t i = 0; i < text.len; i++) {
        char ch = text.at[i];

        if (in_string) {
            i += ch == '\\';
            in_string = ch != '"';
        } else if (ch == '"') {
            in_string = true;
        } else if (ch == '{' || ch == '[') {
            depth++;
        } else if (ch == '}' || ch == ']') {
            if (--depth == 0)
                return i + 1 == text.len;
        }
    }
    return false;
}

/* One text, or lines? Lines if the first is a whole value; or if it is not (a damaged one must
 * not spoil the rest), but the next is. */
static Fail find_form(Call *c, Source *s)
{
    ptrdiff_t end, second;

    if (str_starts(waiting(s), STR("\xef\xbb\xbf")))
        s->from = 3;
    TRY(find_line_end(c, s, 0, &end));
    s->form = FORM_WHOLE;
    if (end < 0)
        return OK;
    if (!balanced(str_slice(waiting(s), 0, (size_t)end))) {
        size_t start = (size_t)end + 1;

        TRY(find_line_end(c, s, start, &second));
        if (!balanced(str_slice(waiting(s), start, second < 0 ? SIZE_MAX : (size_t)second)))
            return OK;
    }
    s->form = FORM_LINES;
    return OK;
}

/* Everything there is, as one document. */
static Fail next_whole(Call *c, Source *s, Document *out, bool *more)
{
    bool last;

    *out = (Document){ .line = s->line };
    do {
        last = nothing_more(s);
        TRY(read_more(c, s));
        if (waiting(s).len > LIMIT_BUNDLE_BODY_BYTES) {
            out->too_long = true;
            s->from = s->window.len;
        }
    } while (!last || s->came > 0);
    out->text = out->too_long ? (Str){ 0 } : waiting(s);
    s->from = s->window.len;
    *more = out->too_long || str_trim(out->text).len > 0;
    return OK;
}

/* The rest of a line that is too long. */
static Fail pass_over(Call *c, Source *s)
{
    ptrdiff_t end;

    do {
        s->from = s->window.len;
        TRY(find_line_end(c, s, 0, &end));
    } while (end > LIMIT_BUNDLE_BODY_BYTES);
    s->from += end < 0 ? waiting(s).len : (size_t)end + 1;
    s->line++;
    return OK;
}

static Fail next_line(Call *c, Source *s, Document *out, bool *more)
{
    for (;;) {
        ptrdiff_t end;
        Str       text;

        TRY(find_line_end(c, s, 0, &end));
        *out = (Document){ .line = s->line };
        if (end > LIMIT_BUNDLE_BODY_BYTES) {
            out->too_long = *more = true;
            return pass_over(c, s);
        }
        text = str_trim(end < 0 ? waiting(s) : str_slice(waiting(s), 0, (size_t)end));
        s->from = end < 0 ? s->window.len : s->from + (size_t)end + 1;
        s->line++;
        if (text.len) {
            out->text = text;
            *more = true;
            return OK;
        }
        if (end < 0) {
            *more = false;
            return OK;
        }
    }
}

Fail source_next(Call *c, Source *s, Document *out, bool *more)
{
    *more = false;
    if (s->broken)
        return OK;
    if (s->form == FORM_UNKNOWN) {
        s->broken = read_more(c, s);
        if (!s->broken)
            s->broken = find_form(c, s);
    }
    if (!s->broken)
        s->broken =
            s->form == FORM_LINES ? next_line(c, s, out, more) : next_whole(c, s, out, more);
    return s->broken;
}

/* ---- a look ---- */

/* The string that begins at `at` (behind its quote); *at moves behind its end. */
static Str take_string(Str text, size_t *at)
{
    size_t from = *at;

    while (*at < text.len && text.at[*at] != '"')
        *at += text.at[*at] == '\\' ? 2 : 1;
    if (*at >= text.len) {
        *at = text.len;
        return (Str){ 0 };
    }
    return str_slice(text, from, (*at)++);
}

static bool is_space(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r';
}

static void skip_space(Str text, size_t *at)
{
    while (*at < text.len && is_space(text.at[*at]))
        (*at)++;
}

/* The string that is the value behind a key, if that is what stands at `at`. */
static bool take_value(Str text, size_t *at, Str *out)
{
    skip_space(text, at);
    if (*at >= text.len || text.at[*at] != ':')
        return false;
    (*at)++;
    skip_space(text, at);
    if (*at >= text.len || text.at[*at] != '"')
        return false;
    (*at)++;
    *out = take_string(text, at);
    return out->at != NULL;
}

/* Goes through the document's own members until all names are found. */
static void find_members(Str text, const Str *names, Str *values, size_t count)
{
    size_t at = 0, found = 0;
    int    depth = 0;

    while (at < text.len && found < count) {
        char ch = text.at[at++];
        Str  key, value;

        if (ch == '{' || ch == '[') {
            depth++;
        } else if (ch == '}' || ch == ']') {
            depth--;
        } else if (ch == '"') {
            key = take_string(text, &at);
            if (depth != 1 || !take_value(text, &at, &value))
                continue;
            for (size_t i = 0; i < count; i++) {
                if (!values[i].at && str_equal(key, names[i])) {
                    values[i] = value;
                    found++;
                }
            }
        }
    }
}

Str document_member(Str text, Str name)
{
    Str value = { 0 };

    find_members(text, &name, &value, 1);
    return value;
}

Glance document_glance(Str text)
{
    static const Str names[] = { STR_INIT("resourceType"), STR_INIT("id") };
    Str              values[COUNT(names)] = { 0 };

    find_members(text, names, values, COUNT(names));
    return (Glance){ .type = values[0], .id = values[1] };
}
