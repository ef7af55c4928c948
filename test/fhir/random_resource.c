/* Resources by the dice: see random_resource.h. */
#include "test/fhir/random_resource.h"

#include "fhir/definitions_data.h"

enum { DEPTH_MAX = 5, MEMBERS_MAX = 256 };

/* Everything is written twice: as it is sent, with space, and as it is kept. */
typedef struct Dice {
    uint64_t state;
    Arena   *arena;
    Buf      sent, kept;
} Dice;

static uint32_t roll(Dice *d, uint32_t sides)
{
    d->state ^= d->state << 13;
    d->state ^= d->state >> 7;
    d->state ^= d->state << 17;
    return (uint32_t)(d->state >> 20) % sides;
}

static void put(Dice *d, Str s)
{
    buf_put(&d->sent, s);
    buf_put(&d->kept, s);
}

static void put_space(Dice *d)
{
    static const Str spaces[] = { STR_INIT(" "), STR_INIT("\n"), STR_INIT("\r\n\t"),
                                  STR_INIT("          ") };

    if (roll(d, 4) == 0)
        buf_put(&d->sent, spaces[roll(d, COUNT(spaces))]);
}

/* Punctuation, with white space around it. */
static void put_mark(Dice *d, Str mark)
{
    put_space(d);
    put(d, mark);
    put_space(d);
}

static void put_string(Dice *d, Str content)
{
    put(d, STR("\""));
    put(d, content);
    put(d, STR("\""));
}

static Str one_of(Dice *d, const Str *choices, size_t count)
{
    return choices[roll(d, (uint32_t)count)];
}

#define ONE_OF(d, ...)                                                                         \
    one_of((d), (const Str[]){ __VA_ARGS__ }, COUNT(((const Str[]){ __VA_ARGS__ })))

/* JSON of a primitive, such as a careless or a clever sender would write it. */
static void put_primitive(Dice *d, const Element *e)
{
    switch (structure(e->type)->primitive) {
    case PRIMITIVE_BOOLEAN: put(d, ONE_OF(d, STR("true"), STR("false"))); break;
    case PRIMITIVE_INTEGER: put(d, ONE_OF(d, STR("0"), STR("-17"), STR("2147483647"))); break;
    case PRIMITIVE_UNSIGNED_INT: put(d, ONE_OF(d, STR("0"), STR("12"))); break;
    case PRIMITIVE_POSITIVE_INT: put(d, ONE_OF(d, STR("1"), STR("99"))); break;
    case PRIMITIVE_DECIMAL:
        put(d, ONE_OF(d, STR("1.10"), STR("0.000"), STR("-3E+2"),
                      STR("12345678901234567890.12"), STR("7")));
        break;
    case PRIMITIVE_CODE:
        if (e->codes)
            put_string(
                d, code_texts[code_sets[e->codes].first + roll(d, code_sets[e->codes].count)]);
        else
            put_string(d, ONE_OF(d, STR("a"), STR("b c"), STR("d-1")));
        break;
    case PRIMITIVE_ID: put_string(d, ONE_OF(d, STR("A.b-1"), STR("0"))); break;
    case PRIMITIVE_OID: put_string(d, STR("urn:oid:1.2.840")); break;
    case PRIMITIVE_UUID:
        put_string(d, STR("urn:uuid:c757873d-ec9a-4326-a141-556f43239520"));
        break;
    case PRIMITIVE_URI:
    case PRIMITIVE_URL:
    case PRIMITIVE_CANONICAL:
        put_string(d, ONE_OF(d, STR("http://a.example/x?y=z"), STR("http:\\/\\/a.example"),
                             STR("urn:x:y")));
        break;
    case PRIMITIVE_DATE: put_string(d, ONE_OF(d, STR("2020"), STR("1999-12-31"))); break;
    case PRIMITIVE_DATE_TIME:
        put_string(d, ONE_OF(d, STR("2020-02"), STR("2020-02-03T04:05:06.700+01:00")));
        break;
    case PRIMITIVE_INSTANT: put_string(d, STR("2020-02-03T04:05:06.7Z")); break;
    case PRIMITIVE_TIME: put_string(d, STR("04:05:06")); break;
    case PRIMITIVE_BASE64: put_string(d, ONE_OF(d, STR("QUJD"), STR("QU JD\\nQQ=="))); break;
    case PRIMITIVE_XHTML:
        put_string(
            d,
            ONE_OF(d, STR("<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\">  a <b>b</b></div>"),
                   STR("<div xmlns='http:\\/\\/www.w3.org/1999/xhtml'>\\n&amp;</div>")));
        break;
    default:
        put_string(d,
                   ONE_OF(d, STR("plain"), STR(" two  words "), STR("\\\"q\\\" \\\\ \\u00e9"),
                          STR("\xf0\x9f\x98\x80 \\ud83d\\ude00"),
                          STR("{ \\\"a\\\" : [ 1 , 2 ] }")));
    }
}

static void put_object(Dice *d, TypeId type, int depth);

static void put_value(Dice *d, const Element *e, int depth)
{
    if (structure(e->type)->kind == STRUCTURE_PRIMITIVE)
        put_primitive(d, e);
    else
        put_object(d, e->type, depth + 1);
}

static void put_element(Dice *d, const Element *e, int depth)
{
    uint32_t items = e->many ? 1 + roll(d, 3) : 1;

    put_string(d, e->name);
    put_mark(d, STR(":"));
    if (e->many)
        put_mark(d, STR("["));
    for (uint32_t i = 0; i < items; i++) {
        if (i)
            put_mark(d, STR(","));
        put_value(d, e, depth);
    }
    if (e->many)
        put_mark(d, STR("]"));
}

/* The elements of an object to write: all that must stand, some that may. Of a choice one. */
static size_t choose(Dice *d, TypeId type, int depth, const Element **out)
{
    const Structure *s = structure(type);
    size_t           count = 0;

    for (uint16_t i = 0; i < s->element_count; i++) {
        const Element *e = structure_element_at(type, i);
        uint16_t       rows = 1;
        bool           wanted;

        while (e->choice && i + rows < s->element_count
               && structure_element_at(type, (uint16_t)(i + rows))->choice == e->choice)
            rows++;
        wanted = e->min || (depth < DEPTH_MAX && roll(d, (uint32_t)(3 + 3 * depth)) == 0);
        e = structure_element_at(type, (uint16_t)(i + roll(d, rows)));
        i = (uint16_t)(i + rows - 1);
        if (wanted && e->type != TYPE_RESOURCE
            && !(type == TYPE_REFERENCE && str_equal(e->name, STR("reference"))))
            out[count++] = e;
    }
    if (count == 0)
        out[count++] = structure_element(type, STR("id"));
    for (size_t i = count; i > 1; i--) {
        size_t         j = roll(d, (uint32_t)i);
        const Element *e = out[j];

        out[j] = out[i - 1];
        out[i - 1] = e;
    }
    return count;
}

static void put_object(Dice *d, TypeId type, int depth)
{
    const Element *members[MEMBERS_MAX];
    size_t         count = choose(d, type, depth, members);

    put_mark(d, STR("{"));
    for (size_t i = 0; i < count; i++) {
        if (i)
            put_mark(d, STR(","));
        put_element(d, members[i], depth);
        if (structure(members[i]->type)->kind == STRUCTURE_PRIMITIVE && !members[i]->many
            && roll(d, 20) == 0) {
            put_mark(d, STR(","));
            put(d, STR("\"_"));
            put(d, members[i]->name);
            put(d, STR("\":{\"id\":\"x\"}"));
        }
    }
    put_mark(d, STR("}"));
}

/* What is sent, but not kept where it stands. */
static void put_unkept(Dice *d, Str sent)
{
    buf_put(&d->sent, sent);
}

/* meta with what the server owns and, perhaps, more; that goes to *kept with commas in front. */
static void put_meta(Dice *d, Buf *kept)
{
    static const Str owned[] = {
        STR_INIT("\"versionId\" : \"3\""),
        STR_INIT("\"lastUpdated\":\"2020-02-03T04:05:06Z\""),
        STR_INIT("\"_lastUpdated\":{\"id\":\"x\"}"),
    };
    static const Str others[] = {
        STR_INIT("\"profile\":[\"http://a.example/p\"]"),
        STR_INIT("\"tag\":[{\"display\":\"a  b\"}]"),
        STR_INIT("\"source\":\"http:\\/\\/a.example\""),
    };
    bool any = false;

    put_unkept(d, STR("\"meta\": {"));
    for (size_t i = 0; i < COUNT(owned) * 2; i++) {
        Str member = i % 2 ? owned[i / 2] : others[i / 2];

        if (roll(d, 2) && (any || i < COUNT(owned) * 2 - 1))
            continue;
        if (any)
            put_unkept(d, STR(" , "));
        put_unkept(d, member);
        if (i % 2 == 0) {
            buf_put_char(kept, ',');
            buf_put(kept, member);
        }
        any = true;
    }
    if (!any)
        put_unkept(d, owned[0]);
    put_unkept(d, STR(" }"));
}

/* A comma between the root's members; what is kept has its own. */
static void begin_member(Dice *d, bool *any)
{
    put_space(d);
    if (*any)
        put_unkept(d, STR(","));
    *any = true;
    put_space(d);
}

/* The members of the root, those of the server somewhere among them. */
static void put_root(Dice *d, TypeId type, Buf *meta)
{
    const Element *members[MEMBERS_MAX];
    size_t         count = choose(d, type, 0, members);
    uint32_t       places = (uint32_t)count + 1;
    size_t type_at = roll(d, places), id_at = roll(d, places), meta_at = roll(d, places);
    bool   any = false;

    for (size_t i = 0; i <= count; i++) {
        if (i == type_at) {
            begin_member(d, &any);
            put_unkept(d, STR("\"resourceType\": \""));
            put_unkept(d, type_name(type));
            put_unkept(d, STR("\""));
        }
        if (i == id_at) {
            begin_member(d, &any);
            put_unkept(d, STR("\"id\":\"sent\""));
        }
        if (i == meta_at) {
            begin_member(d, &any);
            put_meta(d, meta);
        }
        if (i == count || str_equal(members[i]->name, STR("id"))
            || str_equal(members[i]->name, STR("meta")))
            continue;
        begin_member(d, &any);
        buf_put_char(&d->kept, ',');
        put_element(d, members[i], 0);
    }
}

RandomResource random_resource(Arena *a, uint64_t seed)
{
    Dice d = { .state = seed * 0x9e3779b97f4a7c15U + 1, .arena = a };
    Buf  meta = buf_new(a, 64);
    Str  head;

    d.sent = buf_new(a, 4096);
    d.kept = buf_new(a, 4096);
    for (int i = 0; i < 8; i++)
        roll(&d, 2);
    TypeId type = (TypeId)(1 + roll(&d, RESOURCE_TYPES));
    put_unkept(&d, STR(" {"));
    put_root(&d, type, &meta);
    put_unkept(&d, STR(" } \n"));
    head = arena_printf(
        a,
        "{\"resourceType\":\"%.*s\",\"id\":\"the-id\",\"meta\":{\"versionId\":\"7\","
        "\"lastUpdated\":\"1970-01-01T00:00:00.000000Z\"%.*s}",
        STR_ARG(type_name(type)), STR_ARG(buf_str(&meta)));
    return (RandomResource){
        .type = type,
        .sent = buf_str(&d.sent),
        .stored = arena_printf(a, "%.*s%.*s}", STR_ARG(head), STR_ARG(buf_str(&d.kept))),
    };
}
