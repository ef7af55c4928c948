/*
 * Index rows: resources in test/golden/index/NAME.json against the lines of NAME.rows beside
 * them, and every example of the standard, so that every trail is walked.
 */
#include "fhir/index.h"

#include <dirent.h>

#include "base/limits.h"
#include "test/unit.h"

#define BASE STR("https://clinic.example/fhir")

static const char *const kind_names[ROW_KINDS] = {
    [ROW_TOKEN] = "token",         [ROW_IDENTIFIER] = "identifier",
    [ROW_REFERENCE] = "reference", [ROW_DATE] = "date",
    [ROW_STRING] = "string",       [ROW_NUMBER] = "number",
    [ROW_QUANTITY] = "quantity",   [ROW_COMPARTMENT] = "compartment",
    [ROW_LABEL] = "label",
};

static Str read_file(Arena *a, const char *path)
{
    FILE *file = fopen(path, "rb");
    Str   text = { 0 };
    long  length;
    char *bytes;

    if (!file)
        return text;
    fseek(file, 0, SEEK_END);
    length = ftell(file);
    rewind(file);
    bytes = arena_alloc(a, (size_t)length + 1, 1);
    text = (Str){ bytes, fread(bytes, 1, (size_t)length, file) };
    fclose(file);
    return text;
}

static bool derive(Call *c, Str text, Resource *resource, IndexRows *rows)
{
    ReadOptions options = { .values_max = LIMIT_JSON_NODES };

    return resource_read(c, text, &options, resource) == OK
           && index_derive(c, resource, BASE, rows) == OK;
}

static void put_moment(Buf *out, int64_t us)
{
    char text[INSTANT_CHARS + 1];

    if (us == MOMENT_MIN || us == MOMENT_MAX) {
        buf_put(out, STR("open"));
        return;
    }
    moment_format_instant(us, text);
    buf_put(out, str_from(text));
}

static void put_parts(Buf *out, Str mark, Str text)
{
    if (text.len) {
        buf_put(out, mark);
        buf_put(out, text);
    }
}

/* "token code http://loinc.org|8867-4" */
static void put_row(Buf *out, const IndexRow *row)
{
    buf_put(out, str_from(kind_names[row->kind]));
    if (row->kind < ROW_COMPARTMENT)
        put_parts(out, STR(" "), search_param_at(row->param)->code);
    if (row->keyed) {
        buf_put(out, STR(" under "));
        put_parts(out, STR(""), row->key_system);
        buf_printf(out, "%s%.*s", row->key_system.len ? "|" : "", STR_ARG(row->key_code));
    }
    buf_put_char(out, ' ');
    if (row->system.len) {
        buf_put(out, row->system);
        buf_put_char(out, '|');
    }
    buf_put(out, row->text);
    if (row->type)
        buf_printf(out, "%.*s/%.*s", STR_ARG(type_name(row->type)), STR_ARG(row->id));
    if (row->kind == ROW_DATE) {
        put_moment(out, row->moment.low);
        buf_put(out, STR(" to "));
        put_moment(out, row->moment.high);
    }
    if (row->kind == ROW_NUMBER || row->kind == ROW_QUANTITY)
        buf_printf(out, " = %.10g from %.10g to %.10g", row->value, row->low, row->high);
    put_parts(out, STR(" as "), row->extra);
    buf_put_char(out, '\n');
}

static Str rows_text(Call *c, const IndexRows *rows)
{
    Buf out = buf_new(c->arena, 1000);

    for (uint32_t i = 0; i < rows->count; i++)
        put_row(&out, &rows->rows[i]);
    return buf_str(&out);
}

static bool rows_in_order(const IndexRows *rows)
{
    for (uint32_t i = 1; i < rows->count; i++)
        if (index_row_compare(&rows->rows[i - 1], &rows->rows[i]) >= 0)
            return false;
    return true;
}

static void check_golden(const char *folder, const char *name)
{
    Call     *c = unit_call();
    Resource  resource;
    IndexRows rows;
    Str       path, expected, actual, json;

    path = arena_printf(c->arena, "%s/%s.json", folder, name);
    json = read_file(c->arena, arena_c_string(c->arena, path));
    path = arena_printf(c->arena, "%s/%s.rows", folder, name);
    expected = read_file(c->arena, arena_c_string(c->arena, path));
    if (!derive(c, json, &resource, &rows)) {
        unit_fail(__FILE__, __LINE__, "%s.json cannot be read: %.*s", name,
                  c->issue_count ? (int)c->issues[0].text.len : 0,
                  c->issue_count ? c->issues[0].text.at : "");
        return;
    }
    actual = rows_text(c, &rows);
    CHECK(rows_in_order(&rows));
    if (!str_equal(actual, expected))
        unit_fail(__FILE__, __LINE__, "%s.rows differs; it should be\n%.*s", name,
                  STR_ARG(actual));
}

TEST(golden_resources_have_their_rows)
{
    const char    *samples = getenv("SAMPLES");
    char           folder[4096];
    DIR           *dir;
    struct dirent *entry;
    int            count = 0;

    if (!samples) {
        unit_skip("SAMPLES does not name test/golden");
        return;
    }
    snprintf(folder, sizeof folder, "%s/index", samples);
    dir = opendir(folder);
    REQUIRE(dir);
    while ((entry = readdir(dir))) {
        Str name = str_from(entry->d_name);

        if (!str_ends(name, STR(".json")))
            continue;
        name.len -= STR(".json").len;
        check_golden(folder, arena_c_string(unit_call()->arena, name));
        count++;
    }
    closedir(dir);
    CHECK(count >= 16);
}

/* Larger ones are of types that have small ones, too. */
enum { EXAMPLE_BYTES_MAX = 60 * 1000 };

/* Which parameters an example has been indexed for. */
static uint8_t seen[4096];

static void note_seen(const IndexRows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++)
        if (rows->rows[i].kind < ROW_COMPARTMENT)
            seen[rows->rows[i].param] = 1;
}

static void index_example(Call *c, const char *path, const char *name)
{
    Resource  resource;
    IndexRows rows, again;
    Str       text = read_file(c->arena, path);

    if (text.len > EXAMPLE_BYTES_MAX || !derive(c, text, &resource, &rows))
        return;
    CHECK(index_derive(c, &resource, BASE, &again) == OK);
    if (!rows_in_order(&rows) || rows.count != again.count
        || !str_equal(rows_text(c, &rows), rows_text(c, &again)))
        unit_fail(__FILE__, __LINE__, "%s: rows are out of order or not always the same", name);
    for (uint32_t i = 0; i < rows.count; i++) {
        const IndexRow    *row = &rows.rows[i];
        const SearchParam *param = search_param_at(row->param);

        if (row->kind >= ROW_COMPARTMENT)
            continue;
        CHECK_INT(param->base, resource.type);
        CHECK_INT(param->same_as, row->param);
        CHECK(param->kinds >> row->kind & 1
              || (row->kind == ROW_IDENTIFIER && param->type == SEARCH_REFERENCE)
              || (row->kind == ROW_TOKEN && str_equal(row->key_code, INDEX_KEY_TEXT)));
    }
    note_seen(&rows);
}

/* The examples are of all types, and hold most of what can be searched for; a trail that leads
 * nowhere would show here. */
TEST(every_example_of_the_standard_is_indexed)
{
    const char    *packages = getenv("PACKAGES");
    char           path[4096];
    DIR           *dir;
    struct dirent *entry;
    Arena         *arena;
    int            owners = 0, found = 0, files = 0;

    snprintf(path, sizeof path, "%s/hl7.fhir.r4.examples", packages ? packages : "");
    dir = packages ? opendir(path) : NULL;
    if (!dir) {
        unit_skip("PACKAGES does not name the folder of npm packages");
        return;
    }
    REQUIRE(search_param_count <= COUNT(seen));
    memset(seen, 0, sizeof seen);
    arena = arena_create((size_t)64 << 20);
    while ((entry = readdir(dir))) {
        Call call;

        if (!str_ends(str_from(entry->d_name), STR(".json")))
            continue;
        arena_reset(arena);
        call_begin(&call, arena);
        snprintf(path, sizeof path, "%s/hl7.fhir.r4.examples/%s", packages, entry->d_name);
        index_example(&call, path, entry->d_name);
        files++;
    }
    arena_destroy(arena);
    closedir(dir);
    CHECK(files > 4000);
    for (uint16_t i = 0; i < search_param_count; i++) {
        const SearchParam *param = search_param_at(i);

        if (!param->indexed || param->same_as != i || param->code.at[0] == '_')
            continue;
        owners++;
        found += seen[i];
    }
    if (found < owners / 2)
        unit_fail(__FILE__, __LINE__, "rows for only %d of %d parameters", found, owners);
}

static Str folded(const char *text)
{
    return index_fold(unit_call()->arena, str_from(text));
}

TEST(case_accents_and_punctuation_do_not_matter)
{
    static const char *const pairs[][2] = {
        { "Müller-Lüdenscheidt", "muller ludenscheidt" },
        { "O'Brien", "obrien" },
        { "O’Brien", "obrien" },
        { "St. Mary's", "st marys" },
        { "  Anne   Marie, ", "anne marie" },
        { "ŁÓDŹ Straße", "lodz strasse" },
        { "ĐẶNG Thị", "dang thi" },
        { "İstanbul", "istanbul" },
        { "Ｆｕｌｌ", "full" },
        { "Ørsted", "orsted" },
        { "Ντόνα", "ντονα" },
        { "Ёлка", "елка" },
        { "محمّد", "محمد" },
        { "naïve—co‑op", "naive co op" },
        { "한국", "한국" },
        { "हिन्दी", "हिन्दी" },
        { "e\xCC\x81", "e" },
        { "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80" },
        { "", "" },
        { "-", "" },
    };

    for (size_t i = 0; i < COUNT(pairs); i++)
        CHECK_STR(folded(pairs[i][0]), str_from(pairs[i][1]));
}

TEST(folding_twice_changes_nothing)
{
    Call *c = unit_call();

    for (uint32_t code = 1; code < 0x20000; code++) {
        char text[5] = { 0 };
        Str  once;

        if (code >= 0xD800 && code < 0xE000)
            continue;
        if (code < 0x80) {
            text[0] = (char)code;
        } else if (code < 0x800) {
            text[0] = (char)(0xC0 | code >> 6);
            text[1] = (char)(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            text[0] = (char)(0xE0 | code >> 12);
            text[1] = (char)(0x80 | (code >> 6 & 0x3F));
            text[2] = (char)(0x80 | (code & 0x3F));
        } else {
            text[0] = (char)(0xF0 | code >> 18);
            text[1] = (char)(0x80 | (code >> 12 & 0x3F));
            text[2] = (char)(0x80 | (code >> 6 & 0x3F));
            text[3] = (char)(0x80 | (code & 0x3F));
        }
        once = index_fold(c->arena, str_from(text));
        if (!str_equal(index_fold(c->arena, once), once))
            unit_fail(__FILE__, __LINE__, "U+%04X", code);
    }
}

TEST(a_new_patient_lies_in_its_own_compartment)
{
    Call       *c = unit_call();
    ReadOptions options = { .values_max = 100 };
    Resource    resource;
    IndexRows   rows;

    REQUIRE(resource_read(c, STR("{\"resourceType\":\"Patient\"}"), &options, &resource) == OK);
    resource.id = STR("new");
    REQUIRE(index_derive(c, &resource, BASE, &rows) == OK);
    CHECK_STR(rows_text(c, &rows), STR("token deceased false\ncompartment Patient/new\n"));
}
