/*
 * ValueSet/$expand: the codes of a value set, filtered, in pages or as a tree. Members come one
 * after the other (value_set_walk()) and are written as they come. R4 valueset-operation-expand.html
 */
#include "base/limits.h"
#include "base/moment.h"
#include "base/random.h"
#include "fhir/words.h"
#include "interaction/term_outcome.h"
#include "interaction/terms.h"
#include "interaction/validate_code.h"

enum { TREE_DEPTH = 256 };

/* An item whose end is not written yet. */
typedef struct Open {
    const TermDef *system;
    uint32_t concept;
    bool has_items;
} Open;

typedef struct Expanding {
    Call            *call;
    Terms           *terms;
    const TermAsked *asked;
    const TermDef   *set;
    Str              language, filter;
    bool             flat;
    Buf              items;
    uint64_t         total, shown;
    Open             open[TREE_DEPTH];
    size_t           depth;
} Expanding;

/* ---- which are shown ---- */

/* Each word of the filter begins a word of the text. */
static bool text_has(Expanding *e, Str text)
{
    Str  words = words_fold(e->call->arena, text), rest = e->filter, wanted, word, left;
    bool found = true;

    while (found && str_next(&rest, ' ', &wanted)) {
        found = false;
        for (left = words; !found && str_next(&left, ' ', &word);)
            found = str_starts(word, wanted);
    }
    return found;
}

static bool passes_filter(Expanding *e, const Member *m)
{
    ArenaMark mark = arena_mark(e->call->arena);
    bool      found;

    if (!e->filter.len)
        return true;
    found = (m->listed && text_has(e, m->listed->display)) || text_has(e, m->code);
    if (!found && m->system && m->concept != CONCEPT_NONE) {
        uint32_t count = concepts_detail_count(&m->system->concepts, m->concept);

        found = text_has(e, concepts_display(&m->system->concepts, m->concept));
        for (uint32_t i = 0; i < count && !found; i++) {
            ConceptDetail d = concepts_detail(&m->system->concepts, m->concept, i);

            found = d.kind == CONCEPT_VALUE_NONE && text_has(e, d.value);
        }
    }
    arena_rewind(e->call->arena, mark);
    return found;
}

static bool is_wanted(Expanding *e, const Member *m)
{
    const TermTexts *left_out = &e->asked->excluded_systems;

    for (size_t i = 0; i < left_out->count; i++)
        if (str_equal(left_out->at[i], m->system_url))
            return false;
    if (e->asked->active_only && m->system && m->concept != CONCEPT_NONE
        && term_concept_inactive(m->system, m->concept))
        return false;
    return passes_filter(e, m);
}

/* ---- an item ---- */

static void put_designation(Buf *out, size_t *put, const ConceptDetail *d)
{
    buf_put(out, (*put)++ ? STR(",{") : STR(",\"designation\":[{"));
    if (d->name.len) {
        buf_put(out, STR("\"language\":"));
        buf_put_json_string(out, d->name);
        buf_put_char(out, ',');
    }
    if (d->use.len) {
        buf_put(out, STR("\"use\":{"));
        if (d->system.len) {
            buf_put(out, STR("\"system\":"));
            buf_put_json_string(out, d->system);
            buf_put_char(out, ',');
        }
        buf_put(out, STR("\"code\":"));
        buf_put_json_string(out, d->use);
        buf_put(out, STR("},"));
    }
    buf_put(out, STR("\"value\":"));
    buf_put_json_string(out, d->value);
    buf_put_char(out, '}');
}

/* "urn:ietf:bcp:47|fr" or "system|code" of a use: designations asked for by `designation`. */
static bool designation_wanted(const Expanding *e, const ConceptDetail *d)
{
    const TermTexts *named = &e->asked->designations;
    Str              system, code;

    for (size_t i = 0; i < named->count; i++)
        if (str_cut(named->at[i], '|', &system, &code)
            && (str_equal(system, STR("urn:ietf:bcp:47"))
                    ? term_language_matches(d->name, code)
                    : str_equal(system, d->system) && str_equal(code, d->use)))
            return true;
    return named->count == 0;
}

static void put_designations(Expanding *e, const Member *m, Str display)
{
    const TermDef *s = m->system;
    uint32_t       count = concepts_detail_count(&s->concepts, m->concept);
    Str            own = concepts_display(&s->concepts, m->concept);
    size_t         put = 0;

    if (!str_equal(own, display) && own.len) {
        ConceptDetail d = { .name = s->language, .value = own };

        if (designation_wanted(e, &d))
            put_designation(&e->items, &put, &d);
    }
    for (uint32_t i = 0; i < count; i++) {
        ConceptDetail d = concepts_detail(&s->concepts, m->concept, i);

        if (d.kind == CONCEPT_VALUE_NONE && designation_wanted(e, &d)
            && d.value.at != display.at
            && !(str_equal(d.value, own) && str_equal(d.name, s->language) && !d.use.len))
            put_designation(&e->items, &put, &d);
    }
    if (put)
        buf_put_char(&e->items, ']');
}

/* Whether the set uses several versions of one system, so that items must say which. */
static bool says_version(const Expanding *e, const TermDef *system)
{
    const ValueSet *set = e->set->value_set_parts;
    Str             seen = { 0 };
    bool            several = false;

    for (uint32_t i = 0; i < set->include_count; i++) {
        if (!str_equal(set->includes[i].system, system->url))
            continue;
        several = several || (seen.at && !str_equal(seen, set->includes[i].version));
        seen = set->includes[i].version.at ? set->includes[i].version : STR("");
    }
    return several;
}

static void put_item(Expanding *e, const Member *m)
{
    Buf *out = &e->items;
    bool known = m->system && m->concept != CONCEPT_NONE;
    Str  listed = m->listed ? m->listed->display : (Str){ 0 };
    Str  display = term_display(e->terms, m->system, m->concept, listed, e->language);

    buf_put(out, STR("{\"system\":"));
    buf_put_json_string(out, m->system_url);
    if (known && term_concept_abstract(m->system, m->concept))
        buf_put(out, STR(",\"abstract\":true"));
    if (known && term_concept_inactive(m->system, m->concept))
        buf_put(out, STR(",\"inactive\":true"));
    if (known && m->system->version.len && says_version(e, m->system)) {
        buf_put(out, STR(",\"version\":"));
        buf_put_json_string(out, m->system->version);
    }
    buf_put(out, STR(",\"code\":"));
    buf_put_json_string(out, m->code);
    if (display.len) {
        buf_put(out, STR(",\"display\":"));
        buf_put_json_string(out, display);
    }
    if (known && e->asked->include_designations)
        put_designations(e, m, display);
}

/* ---- the tree ---- */

static void close_items(Expanding *e, size_t depth)
{
    while (e->depth > depth) {
        if (e->open[--e->depth].has_items)
            buf_put_char(&e->items, ']');
        buf_put_char(&e->items, '}');
    }
}

/* How many of the open items the member lies beneath. */
static size_t depth_of(const Expanding *e, const Member *m)
{
    size_t depth = 0;

    if (e->flat || m->listed || !m->system)
        return 0;
    while (depth < e->depth && e->open[depth].system == m->system
           && concepts_is_a(&m->system->concepts, m->concept, e->open[depth].concept))
        depth++;
    return depth == TREE_DEPTH ? TREE_DEPTH - 1 : depth;
}

static void show(Expanding *e, const Member *m)
{
    size_t depth = depth_of(e, m);

    close_items(e, depth);
    if (depth && !e->open[depth - 1].has_items) {
        buf_put(&e->items, STR(",\"contains\":["));
        e->open[depth - 1].has_items = true;
    } else if (e->items.len) {
        buf_put_char(&e->items, ',');
    }
    put_item(e, m);
    e->open[e->depth++] =
        (Open){ .system = m->listed ? NULL : m->system, .concept = m->concept };
    e->shown++;
}

static bool take_member(void *context, const Member *m)
{
    Expanding *e = context;
    uint64_t   most = e->asked->has_count ? e->asked->count : LIMIT_EXPANSION;

    if (!is_wanted(e, m))
        return true;
    if (e->total++ < e->asked->offset || e->shown >= most)
        return e->asked->has_count || e->total <= LIMIT_EXPANSION;
    show(e, m);
    return true;
}

/* ---- the answer ---- */

static void put_head(Expanding *e, Buf *out, const Json *json)
{
    static const Str kept[] = { STR_INIT("url"),          STR_INIT("identifier"),
                                STR_INIT("version"),      STR_INIT("name"),
                                STR_INIT("title"),        STR_INIT("status"),
                                STR_INIT("experimental"), STR_INIT("date"),
                                STR_INIT("publisher") };

    buf_put(out, STR("{\"resourceType\":\"ValueSet\""));
    for (size_t i = 0; i < COUNT(kept); i++) {
        uint32_t at = json_member(json, 0, kept[i]);

        if (!at || str_equal(kept[i], STR("identifier")))
            continue;
        buf_printf(out, ",\"%.*s\":", STR_ARG(kept[i]));
        json_put_compact(out, json->source, json->values[at].from, json->values[at].to);
    }
    if (e->asked->include_definition) {
        uint32_t at = json_member(json, 0, STR("compose"));

        if (at) {
            buf_put(out, STR(",\"compose\":"));
            json_put_compact(out, json->source, json->values[at].from, json->values[at].to);
        }
    }
}

static void put_warnings(Buf *out, const TermDef *def)
{
    static const char *const standings[] = { "withdrawn", "deprecated", "draft" };
    Str                      canonical = term_versioned(out->arena, def->url, def->version);

    for (size_t i = 0; i < COUNT(standings); i++) {
        Str word = str_from(standings[i]);

        if (str_equal(def->standards, word)
            || (i == 2 && def->type == TYPE_CODE_SYSTEM && str_equal(def->status, word)))
            term_put(out, arena_printf(out->arena, "warning-%s%c", standings[i], 0).at, "Uri",
                     canonical);
    }
    if (def->experimental && def->type == TYPE_CODE_SYSTEM)
        term_put(out, "warning-experimental", "Uri", canonical);
}

static void put_number(Buf *out, const char *name, uint32_t value)
{
    if (out->len)
        buf_put_char(out, ',');
    buf_printf(out, "{\"name\":\"%s\",\"valueInteger\":%u}", name, value);
}

/* Whether a version that is only checked was what the set left open. */
static bool decides(const Expanding *e, Str rule)
{
    const ValueSet *set = e->set->value_set_parts;
    Str             url, version;

    for (uint32_t i = 0; i < set->include_count; i++)
        if (str_cut_last(rule, '|', &url, &version) && !set->includes[i].version.len
            && str_equal(set->includes[i].system, url))
            return true;
    return false;
}

/* What was said of versions, where it made a difference. */
static void put_rules(Expanding *e, Buf *out)
{
    static const char *const names[] = { "system-version", "force-system-version",
                                         "check-system-version", "default-valueset-version" };

    for (size_t i = 0; i < COUNT(names); i++)
        for (size_t k = 0; k < e->asked->rules[i].count; k++)
            if (i == 1 || (i == 2 && decides(e, e->asked->rules[i].at[k])))
                term_put(out, names[i], i == 3 ? "Canonical" : "Uri", e->asked->rules[i].at[k]);
}

/* A list with a space behind each comma. */
static Str spaced(Arena *a, Str list)
{
    Buf out = buf_new(a, list.len + 8);
    Str each;

    while (str_next(&list, ',', &each)) {
        if (out.len)
            buf_put(&out, STR(", "));
        buf_put(&out, str_trim(each));
    }
    return buf_str(&out);
}

static void put_parameters(Expanding *e, Buf *out)
{
    const TermAsked *a = e->asked;

    if (a->has_active_only)
        term_put_bool(out, "activeOnly", a->active_only);
    if (a->has_count)
        put_number(out, "count", a->count);
    if (a->has_offset)
        put_number(out, "offset", a->offset);
    if (a->display_language.len)
        term_put(out, "displayLanguage", "Code", spaced(out->arena, a->display_language));
    else if (e->language.len)
        term_put(out, "displayLanguage", "Code", e->language);
    if (a->set_nested)
        term_put_bool(out, "excludeNested", a->exclude_nested);
    if (a->filter.len)
        term_put(out, "filter", "String", a->filter);
    if (a->set_designations)
        term_put_bool(out, "includeDesignations", a->include_designations);
    if (a->set_definition)
        term_put_bool(out, "includeDefinition", a->include_definition);
    put_rules(e, out);
    for (size_t i = 0; i < e->terms->used_count; i++) {
        const TermDef *used = e->terms->used[i];
        bool           system = used->type == TYPE_CODE_SYSTEM;
        Str            canonical = term_versioned(out->arena, used->url, used->version);

        if (used == e->set)
            continue;
        term_put(out, system ? "used-codesystem" : "used-valueset", "Uri", canonical);
        if (str_equal(used->content, STR("fragment")))
            term_put(out, "used-fragment", "Uri", canonical);
        put_warnings(out, used);
    }
    put_warnings(out, e->set);
}

/* What is made of a fragment may lack codes. */
static void put_unclosed(const Expanding *e, Buf *out)
{
    const TermDef *fragment = NULL;

    for (size_t i = 0; i < e->terms->used_count; i++)
        if (str_equal(e->terms->used[i]->content, STR("fragment")))
            fragment = e->terms->used[i];
    if (!fragment)
        return;
    buf_put(out, STR("\"extension\":[{\"url\":\"http://hl7.org/fhir/StructureDefinition/"
                     "valueset-unclosed\",\"valueBoolean\":true},{\"url\":"
                     "\"http://hl7.org/fhir/StructureDefinition/valueset-unclosed-reason\","
                     "\"valueString\":"));
    buf_put_json_string(
        out, arena_printf(out->arena,
                          "This extension is based on a fragment of the code system %.*s",
                          STR_ARG(fragment->url)));
    buf_put(out, STR("}],"));
}

static Fail compose_answer(Expanding *e, Answer *answer)
{
    Call   *c = e->call;
    Buf     out = buf_new(c->arena, e->items.len + 2048), parameters = buf_new(c->arena, 512);
    uint8_t random[16];
    char    at[INSTANT_CHARS + 1];
    Json    json;

    TRY(json_parse(c, e->set->source, LIMIT_BUNDLE_NODES, &json));
    put_head(e, &out, &json);
    random_bytes(random, sizeof random);
    moment_format_instant(c->now_us, at);
    buf_put(&out, STR(",\"expansion\":{"));
    put_unclosed(e, &out);
    buf_put(&out, STR("\"identifier\":\"urn:uuid:"));
    random[6] = (uint8_t)((random[6] & 0x0F) | 0x40);
    random[8] = (uint8_t)((random[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < sizeof random; i++)
        buf_printf(&out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", random[i]);
    buf_printf(&out, "\",\"timestamp\":\"%s\",\"total\":%llu", at,
               (unsigned long long)e->total);
    if (e->asked->has_offset || e->asked->has_count)
        buf_printf(&out, ",\"offset\":%u", e->asked->offset);
    put_parameters(e, &parameters);
    if (parameters.len)
        buf_printf(&out, ",\"parameter\":[%.*s]", STR_ARG(buf_str(&parameters)));
    if (e->items.len) {
        buf_put(&out, STR(",\"contains\":["));
        buf_put(&out, buf_str(&e->items));
        buf_put_char(&out, ']');
    }
    buf_put(&out, STR("}}"));
    answer->status = 200;
    answer->body = buf_str(&out);
    answer->rows = 1;
    return OK;
}

static Fail refuse(Expanding *e, const TermGap *gap, Answer *answer)
{
    TermIssues issues = { .arena = e->call->arena };

    TRY(term_gap_issue(e->terms, &issues, gap, (Str){ 0 },
                       "so the value set cannot be expanded"));
    return term_refuse(answer, gap->wrong.len ? 422 : 404, &issues);
}

static Fail refuse_set(Expanding *e, Answer *answer)
{
    TermGap gap = { .type = TYPE_VALUE_SET,
                    .url = e->asked->url,
                    .version = e->asked->value_set_version };

    return refuse(e, &gap, answer);
}

static Fail check_versions(Expanding *e, Answer *answer, bool *sound)
{
    TermIssues issues = { .arena = e->call->arena };

    for (size_t i = 0; i < e->terms->used_count; i++) {
        const TermDef  *s = e->terms->used[i];
        const TermRule *rule = terms_check(e->terms, TYPE_CODE_SYSTEM, s->url, s->version);

        if (rule)
            term_issue(&issues, "error", "exception", "version-error", (Str){ 0 },
                       "The version '%.*s' is not allowed for system '%.*s': required to be"
                       " '%.*s' by a version-check parameter",
                       STR_ARG(s->version), STR_ARG(s->url), STR_ARG(rule->version));
    }
    *sound = issues.count == 0;
    return *sound ? OK : term_refuse(answer, 422, &issues);
}

Fail expand_answer(Call *c, Session *s, const Turn *turn, Answer *answer)
{
    TermAsked *asked = NEW(c->arena, TermAsked);
    Expanding *e = NEW(c->arena, Expanding);
    TermGap    gap;
    bool       sound;

    *e = (Expanding){ .call = c, .asked = asked, .items = buf_new(c->arena, 4096) };
    TRY(term_params_read(c, turn, TERM_EXPAND, asked));
    TRY(terms_open(c, s, turn, asked, &e->terms));
    TRY(terms_subject(e->terms, s, turn, TYPE_VALUE_SET, asked, &e->set));
    if (!e->set)
        return refuse_set(e, answer);
    e->language = asked->display_language.len ? asked->display_language
                                              : e->set->value_set_parts->language;
    e->filter = words_fold(c->arena, asked->filter);
    e->flat = asked->exclude_nested || asked->has_count || asked->has_offset;
    TRY(value_set_check_rings(e->terms, e->set));
    TRY(value_set_walk(e->terms, e->set, take_member, e, &gap));
    if (gap.url.len)
        return refuse(e, &gap, answer);
    if (!asked->has_count && e->total > LIMIT_EXPANSION)
        return fail(c, FAIL_TOO_COSTLY, (Str){ 0 },
                    "The value set has more than %d codes (LIMIT_EXPANSION): ask for pages with"
                    " count and offset, or for fewer with filter",
                    LIMIT_EXPANSION);
    close_items(e, 0);
    TRY(check_versions(e, answer, &sound));
    return sound ? compose_answer(e, answer) : OK;
}
