/* The forms a reference is written in. */
#include "fhir/reference.h"

#include "fhir/resource.h"

/* "Type/id" or "Type/id/_history/version". */
static bool read_relative(Str text, Reference *out)
{
    Str name, rest, version = { 0 };

    if (!str_cut(text, '/', &name, &rest))
        return false;
    out->type = type_find(name);
    if (str_cut(rest, '/', &out->id, &version)) {
        if (!str_starts(version, STR("_history/")))
            return false;
        version = str_skip(version, STR("_history/").len);
        if (!resource_id_valid(version))
            return false;
        out->version = version;
    } else {
        out->id = rest;
    }
    return out->type != 0 && resource_id_valid(out->id);
}

static bool read_conditional(Str text, Reference *out)
{
    Str name;

    if (!str_cut(text, '?', &name, &out->query))
        return false;
    out->type = type_find(name);
    return out->type != 0 && out->query.len > 0;
}

/* Where the last "Type/id" or "Type/id/_history/version" of an address may begin. */
static Str last_segments(Str address, int segments)
{
    size_t at = address.len;

    while (at > 0) {
        if (address.at[at - 1] == '/' && --segments == 0)
            return str_skip(address, at);
        at--;
    }
    return (Str){ 0 };
}

static Reference read_absolute(Str text)
{
    Reference        read = { .form = REFERENCE_ABSOLUTE, .text = text };
    static const int segments[] = { 2, 4 };

    for (size_t i = 0; i < COUNT(segments); i++) {
        Reference end = { 0 };

        if (read_relative(last_segments(text, segments[i]), &end)) {
            read.type = end.type;
            read.id = end.id;
            read.version = end.version;
            break;
        }
    }
    return read;
}

static bool is_text(Str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] <= ' ')
            return false;
    return text.len > 0;
}

Reference reference_parse(Str text, Str base)
{
    Reference read = { .text = text };
    Str       path = text;

    if (!is_text(text))
        return read;
    if (text.at[0] == '#')
        return (
            Reference){ .form = REFERENCE_CONTAINED, .id = str_skip(text, 1), .text = text };
    if (str_starts(text, STR("urn:")))
        return (Reference){ .form = REFERENCE_URN, .text = text };
    if (base.len && str_starts(text, base) && text.len > base.len && text.at[base.len] == '/')
        path = str_skip(text, base.len + 1);
    if (read_relative(path, &read)) {
        read.form = REFERENCE_LOCAL;
        return read;
    }
    read = (Reference){ .text = text };
    if (read_conditional(path, &read)) {
        read.form = REFERENCE_CONDITIONAL;
        return read;
    }
    if (str_starts(text, STR("http://")) || str_starts(text, STR("https://")))
        return read_absolute(text);
    return (Reference){ .text = text };
}

Str reference_versioned(Arena *a, TypeId type, Str id, Str version)
{
    return arena_printf(a, "%.*s/%.*s/_history/%.*s", STR_ARG(type_name(type)), STR_ARG(id),
                        STR_ARG(version));
}

Str reference_elsewhere(Arena *a, TypeId type)
{
    return arena_printf(a, "#%.*s", STR_ARG(type_name(type)));
}
