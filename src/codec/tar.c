/* Reading tar archives: see tar.h. */
#include "codec/tar.h"

enum {
    BLOCK = 512,
    NAME_AT = 0,
    NAME_LEN = 100,
    SIZE_AT = 124,
    SIZE_LEN = 12,
    SUM_AT = 148,
    SUM_LEN = 8,
    KIND_AT = 156,
    PREFIX_AT = 345,
    PREFIX_LEN = 155,
    MAGIC_AT = 257,
};

Tar tar_open(Str archive)
{
    return (Tar){ .rest = archive };
}

static Fail broken(Call *c, const Tar *tar, const char *what)
{
    return fail(c, FAIL_SYNTAX, (Str){ 0 }, "the archive is broken at byte %zu: %s", tar->at,
                what);
}

/* A text of at most so many bytes, up to its NUL. */
static Str field(Str header, size_t at, size_t len)
{
    Str    text = str_slice(header, at, at + len);
    size_t n = 0;

    while (n < text.len && text.at[n])
        n++;
    return str_slice(text, 0, n);
}

/* Octal digits, with spaces around them. */
static bool number(Str header, size_t at, size_t len, uint64_t *out)
{
    Str text = str_trim(field(header, at, len));

    *out = 0;
    if (!text.len)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '7')
            return false;
        *out = *out * 8 + (uint64_t)(text.at[i] - '0');
    }
    return true;
}

/* The sum of the header's bytes, its own field taken as spaces. */
static bool sum_right(Str header)
{
    uint64_t said, sum = 0;

    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= SUM_AT && i < SUM_AT + SUM_LEN ? ' ' : (unsigned char)header.at[i];
    return number(header, SUM_AT, SUM_LEN, &said) && said == sum;
}

static bool is_empty(Str header)
{
    for (size_t i = 0; i < BLOCK; i++)
        if (header.at[i])
            return false;
    return true;
}

/* "27 path=package/…\n", one after the other. */
static Str extended_path(Str records)
{
    Str path = { 0 };

    while (records.len) {
        Str      digits, rest, key, value;
        uint64_t len;

        if (!str_cut(records, ' ', &digits, &rest) || !str_to_u64(digits, &len)
            || len <= digits.len + 1 || len > records.len)
            return path;
        rest = str_slice(records, digits.len + 1, len - 1);
        if (str_cut(rest, '=', &key, &value) && str_equal(key, STR("path")))
            path = value;
        records = str_skip(records, len);
    }
    return path;
}

static Str name_of(Call *c, Str header)
{
    Str name = field(header, NAME_AT, NAME_LEN), prefix = { 0 };

    if (str_starts(str_skip(header, MAGIC_AT), STR("ustar")))
        prefix = field(header, PREFIX_AT, PREFIX_LEN);
    return prefix.len ? arena_printf(c->arena, "%.*s/%.*s", STR_ARG(prefix), STR_ARG(name))
                      : name;
}

/* One header with what belongs to it. */
static Fail take(Call *c, Tar *tar, TarEntry *out, char *kind)
{
    Str      header = str_slice(tar->rest, 0, BLOCK);
    uint64_t size;
    size_t   whole;

    if (header.len < BLOCK)
        return broken(c, tar, "it is cut off");
    if (!sum_right(header))
        return broken(c, tar, "the sum of a header is wrong");
    if (!number(header, SIZE_AT, SIZE_LEN, &size))
        return broken(c, tar, "a size is no number");
    if (size > tar->rest.len - BLOCK)
        return broken(c, tar, "it is cut off");
    *kind = header.at[KIND_AT];
    *out = (TarEntry){ .bytes = str_slice(tar->rest, BLOCK, BLOCK + size) };
    out->name = tar->path.len ? tar->path : name_of(c, header);
    out->file = *kind == '0' || *kind == 0;
    whole = BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
    tar->rest = str_skip(tar->rest, whole);
    tar->at += whole;
    return OK;
}

Fail tar_next(Call *c, Tar *tar, TarEntry *out, bool *more)
{
    char kind = 0;

    *more = true;
    while (tar->rest.len
           && !(tar->rest.len >= BLOCK && is_empty(str_slice(tar->rest, 0, BLOCK)))) {
        TRY(take(c, tar, out, &kind));
        if (kind == 'x') {
            tar->path = extended_path(out->bytes);
        } else if (kind == 'L') {
            tar->path = field(out->bytes, 0, out->bytes.len);
        } else if (kind != 'g') {
            tar->path = (Str){ 0 };
            return OK;
        }
    }
    *more = false;
    return OK;
}
