/*
 * One code looked at for $validate-code: its system and version, whether the value set has it, whether
 * it may be chosen. R4 valueset-operation-validate-code.html
 */
#include "interaction/validate_code.h"

Str validate_where(Validation *v, const AskedCoding *coding, const char *element)
{
    if (!coding->where.len)
        return str_from(element);
    return arena_printf(v->issues.arena, "%.*s.%s", STR_ARG(coding->where), element);
}

static const char cannot_validate[] = "so the code cannot be validated";

/* ---- the system ---- */

/* A code without system is of the one system of the value set that has it. */
static Fail infer_system(Validation *v, AskedCoding *coding, bool *known)
{
    Str     systems[16];
    size_t  count = 0;
    TermGap gap = { 0 };
    Buf     list = buf_new(v->issues.arena, 64);

    TRY(value_set_systems(v->terms, v->value_set, coding->code, systems, COUNT(systems), &count,
                          &gap));
    *known = count == 1;
    if (count == 1) {
        coding->system = systems[0];
        return OK;
    }
    for (size_t i = 0; i < count; i++)
        buf_printf(&list, "%s%.*s", i ? ", " : "", STR_ARG(systems[i]));
    term_issue(&v->issues, "error", "code-invalid", "not-in-vs",
               validate_where(v, coding, "code"),
               "The provided code '#%.*s' was not found in the value set '%.*s'",
               STR_ARG(coding->code), STR_ARG(v->set_name));
    if (count)
        term_issue(&v->issues, "error", "not-found", "cannot-infer",
                   validate_where(v, coding, "code"),
                   "The System URI could not be determined for the code '%.*s' in the ValueSet"
                   " '%.*s': value set expansion has multiple matches: [%.*s]",
                   STR_ARG(coding->code), STR_ARG(v->set_name), STR_ARG(buf_str(&list)));
    else
        term_issue(&v->issues, "error", "not-found", "cannot-infer",
                   validate_where(v, coding, "code"),
                   "The System URI could not be determined for the code '%.*s' in the ValueSet"
                   " '%.*s'",
                   STR_ARG(coding->code), STR_ARG(v->set_name));
    return OK;
}

/* The include of the value set that names the system, for what it says of versions. */
static const ValueSetPart *include_of(const Validation *v, Str system)
{
    const ValueSet *set = v->value_set ? v->value_set->value_set_parts : NULL;

    for (uint32_t i = 0; set && i < set->include_count; i++)
        if (str_equal(set->includes[i].system, system))
            return &set->includes[i];
    return NULL;
}

/* The version that the value set, and the rules of the call, are about. */
static Str version_of_set(const Validation *v, Str system)
{
    const ValueSetPart *part = include_of(v, system);

    return terms_version_wanted(v->terms, TYPE_CODE_SYSTEM, system,
                                part ? part->version : (Str){ 0 });
}

static Fail note_missing(Validation *v, const AskedCoding *coding, Str version)
{
    TermGap gap = { .type = TYPE_CODE_SYSTEM, .url = coding->system, .version = version };

    const TermDef **defs;
    size_t          count;

    TRY(terms_versions(v->terms, TYPE_CODE_SYSTEM, coding->system, &defs, &count));
    v->unknown_system = term_versioned(v->issues.arena, coding->system, version);
    v->other_versions = count > 0;
    return term_gap_issue(v->terms, &v->issues, &gap, validate_where(v, coding, "system"),
                          cannot_validate);
}

static void note_version(Validation *v, const AskedCoding *coding, const TermDef *used)
{
    const ValueSetPart *part = include_of(v, coding->system);
    Str                 said = part ? part->version : (Str){ 0 };
    Str wanted = terms_version_wanted(v->terms, TYPE_CODE_SYSTEM, coding->system, said);
    Str where = validate_where(v, coding, "version");

    if (!wanted.len)
        term_issue(&v->issues, "warning", "invalid", "vs-invalid", where,
                   "The code system '%.*s' version '%.*s' for the versionless include in the"
                   " ValueSet include is different to the one in the value ('%.*s')",
                   STR_ARG(coding->system), STR_ARG(used ? used->version : (Str){ 0 }),
                   STR_ARG(coding->version));
    else if (!str_equal(wanted, said))
        term_issue(&v->issues, "error", "invalid", "vs-invalid", where,
                   "The code system '%.*s' version '%.*s' resulting from the version '%.*s' in"
                   " the ValueSet include is different to the one in the value ('%.*s')",
                   STR_ARG(coding->system), STR_ARG(wanted), STR_ARG(said),
                   STR_ARG(coding->version));
    else
        term_issue(&v->issues, "error", "invalid", "vs-invalid", where,
                   "The code system '%.*s' version '%.*s' in the ValueSet include is different"
                   " to the one in the value ('%.*s')",
                   STR_ARG(coding->system), STR_ARG(wanted), STR_ARG(coding->version));
}

static void note_rule(Validation *v, const AskedCoding *coding, const TermDef *system)
{
    const TermRule *rule =
        terms_check(v->terms, TYPE_CODE_SYSTEM, coding->system, system->version);

    if (rule)
        term_issue(&v->issues, "error", "exception", "version-error",
                   validate_where(v, coding, "version"),
                   "The version '%.*s' is not allowed for system '%.*s': required to be '%.*s'"
                   " by a version-check parameter",
                   STR_ARG(system->version), STR_ARG(coding->system), STR_ARG(rule->version));
}

/* Whether there is that version of the system. */
static Fail has_version(Validation *v, const AskedCoding *coding, const TermDef **out)
{
    const TermDef **defs;
    size_t          count;

    *out = NULL;
    TRY(terms_versions(v->terms, TYPE_CODE_SYSTEM, coding->system, &defs, &count));
    for (size_t i = 0; i < count; i++)
        if (term_version_matches(defs[i]->version, coding->version)
            && (!*out || term_version_compare(defs[i]->version, (*out)->version) > 0))
            *out = defs[i];
    return OK;
}

/* The system in the version that is meant, and what is wrong about that. */
static Fail find_system(Validation *v, const AskedCoding *coding, const TermDef **used)
{
    Str            wanted = version_of_set(v, coding->system);
    const TermDef *said = NULL;

    TRY(terms_find(v->terms, TYPE_CODE_SYSTEM, coding->system, wanted, used));
    if (coding->version.len)
        TRY(has_version(v, coding, &said));
    if (said && (!wanted.len || term_version_matches(said->version, wanted)))
        *used = said;
    if (!*used)
        TRY(note_missing(v, coding, wanted.len ? wanted : coding->version));
    if (coding->version.len && !said && *used)
        TRY(note_missing(v, coding, coding->version));
    if (coding->version.len
        && (*used ? !term_version_matches((*used)->version, coding->version)
                  : wanted.len && !term_version_matches(coding->version, wanted)))
        note_version(v, coding, *used);
    if (*used)
        note_rule(v, coding, *used);
    return OK;
}

/* ---- the code ---- */

static Str coded(Validation *v, const AskedCoding *coding)
{
    Str version = coding->version.len
                      ? arena_printf(v->issues.arena, "|%.*s", STR_ARG(coding->version))
                      : (Str){ 0 };
    Str text = arena_printf(v->issues.arena, "%.*s%.*s#%.*s", STR_ARG(coding->system),
                            STR_ARG(version), STR_ARG(coding->code));

    return coding->display.len ? arena_printf(v->issues.arena, "%.*s ('%.*s')", STR_ARG(text),
                                              STR_ARG(coding->display))
                               : text;
}

static void note_not_in_set(Validation *v, const AskedCoding *coding)
{
    term_issue(&v->issues, v->in_concept ? "information" : "error", "code-invalid",
               v->in_concept ? "this-code-not-in-vs" : "not-in-vs",
               validate_where(v, coding, "code"),
               "The provided code '%.*s' was not found in the value set '%.*s'",
               STR_ARG(coded(v, coding)), STR_ARG(v->set_name));
}

static void note_unknown_code(Validation *v, const AskedCoding *coding, const TermDef *system)
{
    Str where = validate_where(v, coding, "code");
    Str version = system->version.len ? arena_printf(v->issues.arena, " version '%.*s'",
                                                     STR_ARG(system->version))
                                      : (Str){ 0 };

    if (str_equal(system->content, STR("fragment")))
        term_issue(
            &v->issues, "warning", "code-invalid", "invalid-code", where,
            "Unknown Code '%.*s' in the CodeSystem '%.*s'%.*s - note that the code system"
            " is labeled as a fragment, so the code may be valid in some other fragment",
            STR_ARG(coding->code), STR_ARG(coding->system), STR_ARG(version));
    else
        term_issue(&v->issues, "error", "code-invalid", "invalid-code", where,
                   "Unknown code '%.*s' in the CodeSystem '%.*s'%.*s", STR_ARG(coding->code),
                   STR_ARG(coding->system), STR_ARG(version));
}

/* A code found, but by another case. */
static void note_case(Validation *v, const AskedCoding *coding, const Member *m)
{
    Str right = concepts_code(&m->system->concepts, m->concept);

    if (str_equal(right, coding->code))
        return;
    v->right_code = right;
    term_issue(&v->issues, "information", "business-rule", "code-rule",
               validate_where(v, coding, "code"),
               "The code '%.*s' differs from the correct code '%.*s' by case. Although the code"
               " system '%.*s' is case insensitive, implementers are strongly encouraged to use"
               " the correct case anyway",
               STR_ARG(coding->code), STR_ARG(right),
               STR_ARG(term_versioned(v->issues.arena, m->system_url, m->system->version)));
}

/* What is not settled, or settled no more, is told. */
void validate_reference(Validation *v, const TermDef *def)
{
    static const Str told[] = { STR_INIT("withdrawn"), STR_INIT("deprecated"),
                                STR_INIT("draft") };
    Str              status = def->standards.len ? def->standards : def->status;

    if (def->experimental)
        status = STR("experimental");
    for (size_t i = 0; i < COUNT(told) || def->experimental; i++) {
        if (!def->experimental && !str_equal(status, told[i]))
            continue;
        term_issue(&v->issues, "information", "business-rule", "status-check", (Str){ 0 },
                   "Reference to %.*s %.*s %.*s", STR_ARG(status),
                   STR_ARG(type_name(def->type)),
                   STR_ARG(term_versioned(v->issues.arena, def->url, def->version)));
        return;
    }
}

static void note_standing(Validation *v, const AskedCoding *coding, const Member *m)
{
    bool inactive = term_concept_inactive(m->system, m->concept);
    Str  status = term_concept_status(m->system, m->concept);
    Str  where = coding->where.len ? coding->where : (Str){ 0 };

    v->inactive = inactive;
    v->status = status;
    if (inactive) {
        bool said = status.len && !str_equal(status, STR("inactive"));

        term_issue(&v->issues, "warning", "business-rule", "code-comment", where,
                   "The concept '%.*s' has a status of %.*s%s and its use should be reviewed",
                   STR_ARG(coding->code), STR_ARG(said ? status : STR("inactive")),
                   said ? " and inactive" : "");
    } else if (str_equal(status, STR("deprecated"))) {
        term_issue(&v->issues, "warning", "business-rule", "code-comment",
                   validate_where(v, coding, "code"),
                   "The concept '%.*s' is deprecated and its use should be reviewed",
                   STR_ARG(coding->code));
    }
    if (m->listed && m->listed->deprecated.len
        && !str_equal(m->listed->deprecated, STR("normative")))
        term_issue(
            &v->issues, "warning", "business-rule", "code-comment",
            validate_where(v, coding, "code"),
            "The presence of the concept '%.*s' in the system '%.*s' in the value set %.*s"
            " is marked with a status of %.*s and its use should be reviewed",
            STR_ARG(coding->code), STR_ARG(m->system_url), STR_ARG(v->set_name),
            STR_ARG(m->listed->deprecated));
}

/* Whether an inactive code may stand in a value set that leaves them out, or an abstract one at all. */
static bool choosable(Validation *v, const AskedCoding *coding, const Member *m)
{
    bool leaves = v->value_set
                  && (v->value_set->value_set_parts->leaves_inactive
                      || (v->asked->has_active_only && v->asked->active_only));

    if (v->asked->has_abstract && !v->asked->abstract
        && term_concept_abstract(m->system, m->concept)) {
        term_issue(&v->issues, "error", "business-rule", "code-rule",
                   validate_where(v, coding, "code"),
                   "Code '%.*s#%.*s' is abstract, and not allowed in this context",
                   STR_ARG(m->system_url), STR_ARG(coding->code));
        return false;
    }
    if (leaves && term_concept_inactive(m->system, m->concept)) {
        term_issue(&v->issues, "error", "business-rule", "code-rule",
                   validate_where(v, coding, "code"),
                   "The concept '%.*s' is valid but is not active", STR_ARG(coding->code));
        v->inactive = true;
        v->status = term_concept_status(m->system, m->concept);
        return false;
    }
    return true;
}

static bool is_fragment(const TermDef *system)
{
    return str_equal(system->content, STR("fragment"));
}

/* Takes all that the system has. */
static bool is_open(const ValueSetPart *part)
{
    return part && !part->concept_count && !part->filter_count && !part->value_set_count;
}

static Fail look_in_set(Validation *v, const AskedCoding *coding, const TermDef *system,
                        Member *m, bool *has)
{
    TermGap gap = { 0 };

    TRY(value_set_has(v->terms, v->value_set, coding->system,
                      system ? system->version : coding->version, coding->code, has, m, &gap));
    if (m->system != system) {
        m->system = system;
        m->concept = system ? concepts_find(&system->concepts, coding->code) : CONCEPT_NONE;
    }
    if (gap.url.len && !*has && (gap.type == TYPE_VALUE_SET || gap.wrong.len)) {
        v->broken = v->broken || gap.wrong.len > 0;
        TRY(term_gap_issue(v->terms, &v->issues, &gap, (Str){ 0 }, cannot_validate));
        return OK;
    }
    if (*has || (!system && include_of(v, coding->system)))
        return OK;
    if (m->system && m->concept == CONCEPT_NONE && is_fragment(m->system)
        && is_open(include_of(v, coding->system))) {
        *has = true; /* another fragment may have it */
        return OK;
    }
    if (m->system && m->concept != CONCEPT_NONE && !choosable(v, coding, m))
        note_standing(v, coding, m);
    note_not_in_set(v, coding);
    return OK;
}

Fail validate_coding(Validation *v, AskedCoding coding, bool *good)
{
    size_t         before = v->issues.count;
    const TermDef *system = NULL;
    Member         m = { .concept = CONCEPT_NONE };
    bool           has = true, known = true;

    *good = false;
    v->code = coding.code;
    if (!coding.system.len && v->value_set)
        TRY(infer_system(v, &coding, &known));
    v->system_url = coding.system;
    if (!known || !coding.system.len)
        return OK;
    TRY(find_system(v, &coding, &system));
    m = (Member){ .system = system,
                  .concept =
                      system ? concepts_find(&system->concepts, coding.code) : CONCEPT_NONE,
                  .system_url = coding.system,
                  .code = coding.code };
    if (v->value_set)
        TRY(look_in_set(v, &coding, system, &m, &has));
    v->system = system;
    v->concept = m.concept;
    if (system && m.concept == CONCEPT_NONE) {
        note_unknown_code(v, &coding, system);
        has = has && is_fragment(system);
    }
    if (system && m.concept != CONCEPT_NONE) {
        v->found = true;
        v->display =
            term_display(v->terms, system, m.concept, m.listed ? m.listed->display : (Str){ 0 },
                         v->asked->display_language);
        v->member = has;
        if (has && choosable(v, &coding, &m)) {
            note_case(v, &coding, &m);
            note_standing(v, &coding, &m);
        }
        validate_display(v, &coding, &m);
    }
    *good = has && system != NULL;
    for (size_t i = before; i < v->issues.count; i++)
        if (strcmp(v->issues.at[i].severity, "error") == 0)
            *good = false;
    return OK;
}
