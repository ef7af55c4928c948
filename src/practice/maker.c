/* Reproducible chance and JSON text for invented records: see maker.h. */
#include "practice/maker.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/ensure.h"
#include "codec/base64.h"

/* The finaliser of SplitMix64: every bit of the input stirs every bit of the output. */
static uint64_t stir(uint64_t x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static uint64_t stir_three(uint64_t a, uint64_t b, uint64_t c)
{
    return stir(stir(stir(a) ^ b) ^ c);
}

Maker maker_new(Arena *arena, const SyntheticOptions *options, uint32_t patient,
                SyntheticEach *each, void *context)
{
    return (Maker){
        .options = options,
        .arena = arena,
        .patient = patient,
        .chance = stir_three(options->seed, patient, 0),
        .each = each,
        .context = context,
    };
}

uint32_t maker_below(Maker *m, uint32_t n)
{
    ENSURE(n > 0);
    m->chance += 0x9e3779b97f4a7c15;
    return (uint32_t)((stir(m->chance) >> 32) * n >> 32);
}

uint32_t maker_skewed(Maker *m, uint32_t n)
{
    uint32_t least = n - 1;

    for (int draw = 0; draw < 4; draw++) {
        uint32_t one = maker_below(m, n);

        if (one < least)
            least = one;
    }
    return least;
}

bool maker_permille(Maker *m, uint32_t permille)
{
    return maker_below(m, 1000) < permille;
}

uint32_t maker_times(Maker *m, uint32_t permille)
{
    return permille / 1000 + (maker_permille(m, permille % 1000) ? 1 : 0);
}

uint32_t maker_between(Maker *m, uint32_t low, uint32_t span)
{
    return low + maker_below(m, span);
}

/* A version 4 UUID in form, so that ids fall anywhere in an index, as those of others do. */
MadeId maker_id_of(const SyntheticOptions *options, uint32_t patient, uint64_t n)
{
    uint64_t high = stir_three(options->seed ^ 0x68616c65, patient, 2 * n + 1);
    uint64_t low = stir_three(options->seed ^ 0x68616c65, patient, 2 * n + 2);
    MadeId   id;

    snprintf(id.text, sizeof id.text, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(high >> 32),
             (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff),
             (unsigned)(0x8000 | (low >> 48 & 0x3fff)),
             (unsigned long long)(low & 0xffffffffffff));
    return id;
}

MadeId maker_id(Maker *m)
{
    return maker_id_of(m->options, m->patient, m->made++);
}

const char *maker_reference(Maker *m, const char *type, const MadeId *id)
{
    if (m->options->bundled)
        return arena_printf(m->arena, "urn:uuid:%s", id->text).at;
    return arena_printf(m->arena, "%s/%s", type, id->text).at;
}

const char *maker_time(Maker *m, int64_t seconds)
{
    char      text[sizeof "2024-05-06T07:08:09Z"];
    time_t    t = (time_t)seconds;
    struct tm parts;

    ENSURE(gmtime_r(&t, &parts) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
    return arena_c_string(m->arena, str_from(text));
}

const char *maker_date(Maker *m, int64_t days)
{
    return arena_c_string(m->arena,
                          str_slice(str_from(maker_time(m, days * DAY_SECONDS)), 0, 10));
}

void maker_begin(Maker *m, const char *type, MadeId id)
{
    m->mark = arena_mark(m->arena);
    m->text = buf_new(m->arena, 8192);
    m->type = type;
    m->id = id;
    m->if_none_exist = NULL;
    maker_put(m, "{'resourceType':'%s','id':'%s'", type, id.text);
}

void maker_put(Maker *m, const char *format, ...)
{
    size_t  from = m->text.len;
    va_list args;
    int     len;
    size_t  room = 1024;

    va_start(args, format);
    len = vsnprintf(buf_reserve(&m->text, room), room, format, args);
    va_end(args);
    ENSURE(len >= 0);
    if ((size_t)len >= room) {
        room = (size_t)len + 1;
        va_start(args, format);
        vsnprintf(buf_reserve(&m->text, room), room, format, args);
        va_end(args);
    }
    m->text.len += (size_t)len;
    for (size_t i = from; i < m->text.len; i++)
        if (m->text.at[i] == '\'')
            m->text.at[i] = '"';
}

void maker_put_concept(Maker *m, const char *key, const char *system, const Term *term)
{
    maker_put(m, ",'%s':{'coding':[{'system':'%s','code':'%s','display':'%s'}],'text':'%s'}",
              key, system, term->code, term->display, term->display);
}

void maker_put_base64(Maker *m, const char *key, Str bytes)
{
    maker_put(m, ",'%s':'", key);
    base64_put(&m->text, bytes);
    maker_put(m, "'");
}

void maker_put_narrative(Maker *m, const char *sentence)
{
    maker_put(
        m,
        ",'text':{'status':'generated','div':'<div xmlns=\\'http://www.w3.org/1999/xhtml\\'>"
        "<p>%s</p></div>'}",
        sentence);
}

void maker_end(Maker *m)
{
    maker_put(m, "}");
    m->each(m->context, &(SyntheticResource){ .type = str_from(m->type),
                                              .id = str_from(m->id.text),
                                              .text = buf_str(&m->text),
                                              .if_none_exist = str_from(m->if_none_exist) });
    arena_rewind(m->arena, m->mark);
}
