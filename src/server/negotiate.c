/* Reading of header values: see negotiate.h. */
#include "server/negotiate.h"

/* Takes the next element of a list from *rest up to `mark`, which does not count inside a
 * quoted string (RFC 9110 5.6.4). Trimmed. False at the end. */
static bool next_element(Str *rest, char mark, Str *element)
{
    bool   quoted = false;
    size_t i = 0;

    if (!rest->at)
        return false;
    for (; i < rest->len; i++) {
        char c = rest->at[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (c == mark && !quoted)
            break;
    }
    if (i > rest->len)
        i = rest->len;
    *element = str_trim(str_slice(*rest, 0, i));
    *rest = i < rest->len ? str_skip(*rest, i + 1) : (Str){ 0 };
    return true;
}

/* The content of a quoted string, or the text as it is. Escapes inside stay: none of the
 * values we look for has one. */
static Str unquote(Str s)
{
    if (s.len >= 2 && s.at[0] == '"' && s.at[s.len - 1] == '"')
        return str_slice(s, 1, s.len - 1);
    return s;
}

/* "name = value" with or without quotes; without '=' the value is empty. */
static void split_parameter(Str text, Str *name, Str *value)
{
    *name = text;
    *value = (Str){ 0 };
    if (str_cut(text, '=', name, value)) {
        *name = str_trim(*name);
        *value = unquote(str_trim(*value));
    }
}

MediaType media_type_parse(Str header)
{
    MediaType type = { 0 };
    Str       rest = header, part, name, value;

    if (!next_element(&rest, ';', &part))
        return type;
    type.name = part;
    while (next_element(&rest, ';', &part)) {
        split_parameter(part, &name, &value);
        if (str_equal_ascii_nocase(name, STR("charset")))
            type.charset = value;
        else if (str_equal_ascii_nocase(name, STR("fhirVersion")))
            type.fhir_version = value;
    }
    return type;
}

static bool is_one_of(Str text, const Str *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal_ascii_nocase(text, words[i]))
            return true;
    return false;
}

static bool version_is_ours(const MediaType *type)
{
    static const Str versions[] = { STR_INIT("4.0"), STR_INIT("4.0.1"), STR_INIT("4.0.0") };

    return type->fhir_version.len == 0
           || is_one_of(type->fhir_version, versions, COUNT(versions));
}

static bool is_ours(const MediaType *type, const Str *names, size_t count)
{
    static const Str charsets[] = { STR_INIT("utf-8"), STR_INIT("utf8"), STR_INIT("us-ascii") };

    return is_one_of(type->name, names, count) && version_is_ours(type)
           && (type->charset.len == 0 || is_one_of(type->charset, charsets, COUNT(charsets)));
}

bool media_type_is_fhir_json(const MediaType *type)
{
    static const Str names[] = {
        STR_INIT("application/fhir+json"),
        STR_INIT("application/json"),
        STR_INIT("text/json"),
        STR_INIT("json"),
    };

    return is_ours(type, names, COUNT(names));
}

bool media_type_is_fhir_xml(const MediaType *type)
{
    static const Str names[] = {
        STR_INIT("application/fhir+xml"),
        STR_INIT("application/xml"),
        STR_INIT("text/xml"),
        STR_INIT("xml"),
    };

    return is_ours(type, names, COUNT(names));
}

/* The weight of a list element in thousandths; 1000 where none is given that can be read (RFC 9110
 * 12.4.2). */
static unsigned weight_of(Str element)
{
    Str rest = element, part, name, value;

    while (next_element(&rest, ';', &part)) {
        unsigned weight = 0, unit = 1000;

        split_parameter(part, &name, &value);
        if (!str_equal_ascii_nocase(name, STR("q")) || value.len == 0
            || (value.at[0] != '0' && value.at[0] != '1'))
            continue;
        for (size_t i = 0; i < value.len; i++) {
            if (value.at[i] < '0' || value.at[i] > '9')
                continue;
            weight += unit * (unsigned)(value.at[i] - '0');
            unit /= 10;
        }
        return weight > 1000 ? 1000 : weight;
    }
    return 1000;
}

Wanted accept_parse(Str header)
{
    static const Str wildcards[] = { STR_INIT("*/*"), STR_INIT("application/*"),
                                     STR_INIT("*") };
    unsigned         json = 0, xml = 0, wildcard = 0;
    bool             any = false, xml_first = false;
    Str              rest = header, element;

    while (next_element(&rest, ',', &element)) {
        MediaType type = media_type_parse(element);
        unsigned  weight = weight_of(element);

        if (element.len == 0)
            continue;
        any = true;
        if (media_type_is_fhir_json(&type)) {
            json = weight > json ? weight : json;
        } else if (media_type_is_fhir_xml(&type)) {
            xml_first |= json == 0;
            xml = weight > xml ? weight : xml;
        } else if (is_one_of(type.name, wildcards, COUNT(wildcards))
                   && version_is_ours(&type)) {
            wildcard = weight > wildcard ? weight : wildcard;
        }
    }
    if (xml && (xml > json || (xml == json && xml_first)) && (json || xml >= wildcard))
        return WANTED_FHIR_XML;
    if (json)
        return WANTED_FHIR_JSON;
    return wildcard || !any ? WANTED_ANYTHING : WANTED_OTHER;
}

Wanted format_parse(Str format)
{
    MediaType type = media_type_parse(format);

    if (str_equal_ascii_nocase(type.name, STR("application/fhir json")))
        type.name = STR("application/fhir+json");
    if (str_equal_ascii_nocase(type.name, STR("application/fhir xml")))
        type.name = STR("application/fhir+xml");
    return media_type_is_fhir_json(&type)  ? WANTED_FHIR_JSON
           : media_type_is_fhir_xml(&type) ? WANTED_FHIR_XML
                                           : WANTED_OTHER;
}

bool accept_encoding_allows(Str header, Str coding)
{
    Str  rest = header, element, name, parameters;
    bool wildcard = false;

    while (next_element(&rest, ',', &element)) {
        name = element;
        if (str_cut(element, ';', &name, &parameters))
            name = str_trim(name);
        if (str_equal_ascii_nocase(name, STR("x-gzip")))
            name = STR("gzip");
        if (str_equal_ascii_nocase(name, coding))
            return weight_of(element) > 0;
        if (str_equal(name, STR("*")) && weight_of(element) > 0)
            wildcard = true;
    }
    return wildcard;
}

bool accept_encoding_allows_gzip(Str header)
{
    return accept_encoding_allows(header, STR("gzip"));
}

/* "fr-CA" is served by "fr" (RFC 4647 3.4). */
static bool range_fits(Str range, Str tag)
{
    return str_equal(range, STR("*"))
           || (range.len >= tag.len && str_equal_ascii_nocase(str_slice(range, 0, tag.len), tag)
               && (range.len == tag.len || range.at[tag.len] == '-'));
}

size_t accept_language(Str header, const Str *tags, size_t count)
{
    Str      rest = header, element;
    unsigned best = 0;
    size_t   found = 0;

    while (next_element(&rest, ',', &element)) {
        Str      range = element, parameters;
        unsigned weight = weight_of(element);

        if (str_cut(element, ';', &range, &parameters))
            range = str_trim(range);
        for (size_t i = 0; i < count && weight > best; i++) {
            if (!range_fits(range, tags[i]))
                continue;
            best = weight;
            found = i;
        }
    }
    return found;
}

ContentCoding content_coding_parse(Str header)
{
    Str           rest = header, element;
    ContentCoding coding = CODING_NONE;

    while (next_element(&rest, ',', &element)) {
        if (element.len == 0 || str_equal_ascii_nocase(element, STR("identity")))
            continue;
        if (coding != CODING_NONE)
            return CODING_OTHER;
        coding = str_equal_ascii_nocase(element, STR("gzip"))
                         || str_equal_ascii_nocase(element, STR("x-gzip"))
                     ? CODING_GZIP
                     : CODING_OTHER;
    }
    return coding;
}

static void prefer_return(Preferences *p, Str value)
{
    static const struct {
        Str          word;
        PreferReturn meaning;
    } words[] = {
        { STR_INIT("minimal"), PREFER_MINIMAL },
        { STR_INIT("representation"), PREFER_REPRESENTATION },
        { STR_INIT("OperationOutcome"), PREFER_OUTCOME },
    };

    for (size_t i = 0; i < COUNT(words) && !p->has_return; i++) {
        if (str_equal_ascii_nocase(value, words[i].word)) {
            p->what_return = words[i].meaning;
            p->has_return = true;
        }
    }
}

static void prefer_handling(Preferences *p, Str value)
{
    bool lenient = str_equal_ascii_nocase(value, STR("lenient"));

    if (p->has_handling || (!lenient && !str_equal_ascii_nocase(value, STR("strict"))))
        return;
    p->has_handling = true;
    p->lenient = lenient;
}

static void prefer_one(Preferences *p, Str name, Str value)
{
    if (str_equal_ascii_nocase(name, STR("return")))
        prefer_return(p, value);
    else if (str_equal_ascii_nocase(name, STR("handling")))
        prefer_handling(p, value);
    else if (str_equal_ascii_nocase(name, STR("respond-async")))
        p->respond_async = true;
}

void preferences_add(Preferences *p, Str header)
{
    Str rest = header, element, name, value;

    while (next_element(&rest, ',', &element)) {
        Str parameters = element, first;

        if (!next_element(&parameters, ';', &first))
            continue;
        split_parameter(first, &name, &value);
        prefer_one(p, name, value);
    }
}

bool request_id_valid(Str id)
{
    if (id.len == 0 || id.len > 64)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.at[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')
            && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}
