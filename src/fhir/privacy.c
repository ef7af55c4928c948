/* Labels by which notes are private: see privacy.h. */
#include "fhir/privacy.h"

#include "fhir/definitions.h"

enum { PLAIN_BYTES_MAX = 80 };

/* The types, and the search parameter that says who wrote one; NULL: nobody is named in it. */
static const struct {
    TypeId      type;
    const char *author;
} notes[] = {
    { TYPE_BINARY, NULL },
    { TYPE_CARE_PLAN, NULL },
    { TYPE_CLINICAL_IMPRESSION, "assessor" },
    { TYPE_COMMUNICATION, "sender" },
    { TYPE_COMPOSITION, "author" },
    { TYPE_CONDITION, "asserter" },
    { TYPE_DIAGNOSTIC_REPORT, "performer" },
    { TYPE_DOCUMENT_REFERENCE, "author" },
    { TYPE_FLAG, "author" },
    { TYPE_LIST, "source" },
    { TYPE_MEDIA, "operator" },
    { TYPE_OBSERVATION, "performer" },
    { TYPE_PROCEDURE, "performer" },
    { TYPE_PROVENANCE, "agent" },
    { TYPE_QUESTIONNAIRE_RESPONSE, "author" },
    { TYPE_RISK_ASSESSMENT, "performer" },
    { TYPE_TASK, "requester" },
};

typedef struct Said {
    uint32_t count, authors, misread;
    bool     team, closed, named; /* team; private; author, reader or discipline */
    Str      author;
} Said;

TypeSet privacy_types(void)
{
    TypeSet set = { 0 };

    for (size_t i = 0; i < COUNT(notes); i++)
        type_set_add(&set, notes[i].type);
    return set;
}

bool privacy_plain(Str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char at = text.at[i];

        if (!((at >= 'a' && at <= 'z') || (at >= 'A' && at <= 'Z') || (at >= '0' && at <= '9')
              || at == '-' || at == '.' || at == '_' || at == '/'))
            return false;
    }
    return text.len > 0 && text.len <= PLAIN_BYTES_MAX;
}

static bool is_label(const IndexRow *row)
{
    return row->kind == ROW_LABEL && str_equal(row->system, STR(PRIVACY_SYSTEM));
}

bool privacy_said(const IndexRows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++)
        if (is_label(&rows->rows[i]))
            return true;
    return false;
}

static void hear(Str code, Said *said)
{
    Str kind, name;

    said->count++;
    if (str_equal(code, STR("team"))) {
        said->team = true;
    } else if (str_equal(code, STR("private"))) {
        said->closed = true;
    } else if (!str_cut(code, ':', &kind, &name) || !privacy_plain(name)) {
        said->misread++;
    } else if (str_equal(kind, STR("author")) && memchr(name.at, '/', name.len)) {
        said->authors++;
        said->author = name;
    } else if (!(str_equal(kind, STR("reader")) && memchr(name.at, '/', name.len))
               && !str_equal(kind, STR("discipline"))) {
        said->misread++;
    }
    said->named = said->count > (uint32_t)said->team + said->closed;
}

static Said listen(const IndexRows *rows)
{
    Said said = { 0 };

    for (uint32_t i = 0; i < rows->count; i++)
        if (is_label(&rows->rows[i]))
            hear(rows->rows[i].text, &said);
    return said;
}

/* The rows are sorted. */
static bool says_the_same(const IndexRows *a, const IndexRows *b)
{
    uint32_t i = 0, k = 0;

    for (;;) {
        while (i < a->count && !is_label(&a->rows[i]))
            i++;
        while (k < b->count && !is_label(&b->rows[k]))
            k++;
        if (i == a->count || k == b->count)
            return i == a->count && k == b->count;
        if (!str_equal(a->rows[i++].text, b->rows[k++].text))
            return false;
    }
}

static const char *fault_of(TypeId type, const Said *said)
{
    TypeSet types = privacy_types();

    if (!said->count)
        return NULL;
    if (!type_set_has(&types, type))
        return "that cannot be said of this type";
    if (said->misread)
        return "they are team, private, author:Type/id, reader:Type/id, discipline:code";
    if (said->team && (said->closed || said->named))
        return "what is the team's names nobody";
    if (!said->team && !said->closed)
        return "whom it is for is said of what is private";
    if (said->closed && said->authors != 1)
        return "what is private names its one author";
    return NULL;
}

Fail privacy_check_form(Call *c, TypeId type, const IndexRows *rows)
{
    Said        said = listen(rows);
    const char *fault = fault_of(type, &said);

    if (!fault)
        return OK;
    return fail(c, FAIL_UNPROCESSABLE,
                arena_printf(c->arena, "%.*s.meta.security", STR_ARG(type_name(type))),
                "The labels of " PRIVACY_SYSTEM " are carried out or refused: %s", fault);
}

static const SearchParam *author_param(TypeId type)
{
    for (size_t i = 0; i < COUNT(notes); i++)
        if (notes[i].type == type && notes[i].author)
            return search_param_find(type, str_from(notes[i].author));
    return NULL;
}

static bool wrote(TypeId type, const IndexRows *rows, Str reader)
{
    const SearchParam *param = author_param(type);
    Str                kind, id;

    if (!param || !str_cut(reader, '/', &kind, &id))
        return false;
    for (uint32_t i = 0; i < rows->count; i++) {
        const IndexRow *row = &rows->rows[i];

        if (row->kind == ROW_REFERENCE && !row->keyed
            && (row->param == param->same_as || row->param == param->also)
            && str_equal(row->id, id) && row->type == type_find(kind))
            return true;
    }
    return false;
}

Fail privacy_check(Call *c, TypeId type, const IndexRows *before, const IndexRows *after,
                   Str reader, bool any)
{
    Said was = listen(before), is = listen(after);
    bool may = reader.len > 0;

    if (any || says_the_same(before, after))
        return OK;
    if (was.closed)
        may = may && str_equal(was.author, reader);
    else if (before->count)
        may = may && (!is.closed || wrote(type, before, reader));
    if (is.closed)
        may = may && str_equal(is.author, reader);
    if (may)
        return OK;
    return fail(c, FAIL_FORBIDDEN,
                arena_printf(c->arena, "%.*s.meta.security", STR_ARG(type_name(type))),
                "Who may read a note is for its author to say");
}
