/* Displays: what a concept is called in a language, and whether a text is one of its names. */
#include "interaction/validate_code.h"

static bool spoken(Str language, Str languages)
{
    Str rest = languages, each, tag, weight;

    while (str_next(&rest, ',', &each)) {
        tag = str_trim(each);
        if (str_cut(tag, ';', &tag, &weight))
            tag = str_trim(tag);
        if (str_equal(tag, STR("*")) || term_language_matches(language, tag))
            return true;
    }
    return false;
}

Str term_display(const Terms *t, const TermDef *system, uint32_t concept, Str listed,
                 Str language)
{
    uint32_t count;

    (void)t;
    if (!system || concept == CONCEPT_NONE)
        return listed;
    if (language.len && !spoken(system->language, language)) {
        count = concepts_detail_count(&system->concepts, concept);
        for (uint32_t i = 0; i < count; i++) {
            ConceptDetail d = concepts_detail(&system->concepts, concept, i);

            if (d.kind == CONCEPT_VALUE_NONE && spoken(d.name, language))
                return d.value;
        }
    }
    return listed.len && !language.len ? listed : concepts_display(&system->concepts, concept);
}

/* ---- whether a text is one of the names ---- */

typedef struct Names {
    Str    text[64], language[64];
    size_t count;
} Names;

static void add_name(Names *names, Str text, Str language)
{
    if (!text.len || names->count == COUNT(names->text))
        return;
    for (size_t i = 0; i < names->count; i++)
        if (str_equal(names->text[i], text) && str_equal(names->language[i], language))
            return;
    names->text[names->count] = text;
    names->language[names->count++] = language;
}

static void gather(const Validation *v, const Member *member, Str languages, Names *names)
{
    const TermDef *s = member->system;
    uint32_t       count = concepts_detail_count(&s->concepts, member->concept);

    if (!languages.len || !s->language.len || spoken(s->language, languages))
        add_name(names, concepts_display(&s->concepts, member->concept), s->language);
    if (member->listed && member->listed->display.len)
        add_name(names, member->listed->display,
                 v->value_set ? v->value_set->language : (Str){ 0 });
    for (uint32_t i = 0; i < count; i++) {
        ConceptDetail d = concepts_detail(&s->concepts, member->concept, i);

        if (d.kind == CONCEPT_VALUE_NONE
            && (!languages.len || !d.name.len || spoken(d.name, languages)))
            add_name(names, d.value, d.name);
    }
}

static bool same_name(Str a, Str b)
{
    return str_equal_ascii_nocase(a, b);
}

/* "Valid display is 'x' (en)", or "… is one of 2 choices: 'x' (en) or 'y' (de)". */
static Str choices(Arena *a, const Names *names)
{
    Buf out = buf_new(a, 128);

    buf_put(&out, STR("Valid display is "));
    if (names->count > 1)
        buf_printf(&out, "one of %zu choices: ", names->count);
    for (size_t i = 0; i < names->count; i++) {
        if (i)
            buf_put(&out, i + 1 == names->count ? STR(" or ") : STR(", "));
        buf_printf(&out, "'%.*s'", STR_ARG(names->text[i]));
        if (names->language[i].len)
            buf_printf(&out, " (%.*s)", STR_ARG(names->language[i]));
    }
    return buf_str(&out);
}

void validate_display(Validation *v, const AskedCoding *coding, const Member *member)
{
    Str         languages = v->asked->display_language, shown;
    Names       names = { 0 }, all = { 0 };
    const char *severity = v->asked->lenient_display ? "warning" : "error";

    if (!coding->display.len || !member->system || member->concept == CONCEPT_NONE)
        return;
    if (!languages.len && v->value_set)
        languages = v->value_set->value_set_parts->language;
    gather(v, member, languages, &names);
    for (size_t i = 0; i < names.count; i++)
        if (same_name(names.text[i], coding->display))
            return;
    shown = concepts_display(&member->system->concepts, member->concept);
    if (names.count) {
        term_issue(&v->issues, severity, "invalid", "invalid-display",
                   validate_where(v, coding, "display"),
                   "Wrong Display Name '%.*s' for %.*s#%.*s. %.*s (for the language(s) '%.*s')",
                   STR_ARG(coding->display), STR_ARG(member->system_url), STR_ARG(member->code),
                   STR_ARG(choices(v->issues.arena, &names)),
                   STR_ARG(languages.len ? languages : STR("--")));
        return;
    }
    gather(v, member, (Str){ 0 }, &all);
    for (size_t i = 0; i < all.count; i++)
        if (same_name(all.text[i], coding->display)) {
            term_issue(&v->issues, "information", "invalid", "invalid-display",
                       validate_where(v, coding, "display"),
                       "There are no valid display names found for the code %.*s#%.*s for"
                       " language(s) '%.*s'. The display is '%.*s' which is a valid display for"
                       " the default language",
                       STR_ARG(member->system_url), STR_ARG(member->code), STR_ARG(languages),
                       STR_ARG(coding->display));
            return;
        }
    term_issue(&v->issues, severity, "invalid", "invalid-display",
               validate_where(v, coding, "display"),
               "Wrong Display Name '%.*s' for %.*s#%.*s. There are no valid display names found"
               " for language(s) '%.*s'. Default display is '%.*s'",
               STR_ARG(coding->display), STR_ARG(member->system_url), STR_ARG(member->code),
               STR_ARG(languages), STR_ARG(shown));
}
