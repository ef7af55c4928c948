/* Streams of documents: exchange/source.c. */
#include "exchange/source.h"

#include "codec/gzip.h"
#include "test/exchange/exchange_help.h"

/* All documents of a text as "LINE:TEXT" joined by '~'; what went wrong behind '!'. */
static Str documents_of(Str text)
{
    Call    *c = unit_call();
    Buf      out = buf_new(c->arena, 1024);
    Source  *source;
    Document d;
    bool     more;
    Fail     result;

    if (source_open(c, help_file("source", text), &source) != OK)
        return STR("closed");
    while ((result = source_next(c, source, &d, &more)) == OK && more)
        buf_printf(&out, "%s%llu:%.*s", out.len ? "~" : "", (unsigned long long)d.line,
                   STR_ARG(d.text));
    if (result != OK)
        buf_printf(&out, "!%.*s", STR_ARG(c->issues[c->issue_count - 1].text));
    else
        CHECK(source_next(c, source, &d, &more) == OK && !more);
    source_close(source);
    return buf_str(&out);
}

TEST(lines_are_documents)
{
    CHECK_STR(documents_of(STR("{\"a\":1}\n{\"b\":2}\n")), STR("1:{\"a\":1}~2:{\"b\":2}"));
    CHECK_STR(documents_of(STR("{\"a\":1}\n{\"b\":2}")), STR("1:{\"a\":1}~2:{\"b\":2}"));
    CHECK_STR(documents_of(STR("{\"a\":1}\r\n\r\n\n{\"b\":\"}\"}\r\n")),
              STR("1:{\"a\":1}~4:{\"b\":\"}\"}"));
    CHECK_STR(documents_of(STR("{\"a\":1}\n")), STR("1:{\"a\":1}"));
}

TEST(a_text_laid_out_for_people_is_one_document)
{
    Str text = STR("{\n  \"resourceType\": \"Bundle\",\n  \"entry\": [\n{\n}\n]\n}\n");

    CHECK_STR(documents_of(text), arena_printf(unit_call()->arena, "1:%.*s", STR_ARG(text)));
    CHECK_STR(documents_of(STR("{\"a\":{\n\"b\":1}}")), STR("1:{\"a\":{\n\"b\":1}}"));
}

TEST(a_damaged_first_line_does_not_spoil_the_next)
{
    CHECK_STR(documents_of(STR("{\"a\":[1\n{\"b\":2}\n{\"c\":3}\n")),
              STR("1:{\"a\":[1~2:{\"b\":2}~3:{\"c\":3}"));
    CHECK_STR(documents_of(STR("{\"a\":1}x\n{\"b\":2}\n")), STR("1:{\"a\":1}x~2:{\"b\":2}"));
}

TEST(nothing_and_blanks_hold_no_documents)
{
    CHECK_STR(documents_of(STR("")), STR(""));
    CHECK_STR(documents_of(STR("\n \n\t\n")), STR(""));
    CHECK_STR(documents_of(STR("\xef\xbb\xbf{\"a\":1}\n{\"b\":2}\n")),
              STR("1:{\"a\":1}~2:{\"b\":2}"));
}

static Str many_lines(unsigned count)
{
    Buf text = buf_new(unit_call()->arena, 1 << 20);

    for (unsigned i = 0; i < count; i++)
        buf_printf(&text, "{\"number\":%u,\"filler\":\"%0*u\"}\n", i, (int)(i % 3000), i);
    return buf_str(&text);
}

static unsigned count_documents(Str text, Fail *result)
{
    Call    *c = unit_call();
    Source  *source;
    Document d;
    bool     more;
    unsigned count = 0;

    *result = source_open(c, help_file("many", text), &source);
    if (*result != OK)
        return 0;
    while ((*result = source_next(c, source, &d, &more)) == OK && more) {
        CHECK(str_starts(d.text, arena_printf(c->arena, "{\"number\":%u,", count)));
        CHECK(str_ends(d.text, STR("\"}")));
        CHECK_INT(d.line, ++count);
    }
    source_close(source);
    return count;
}

TEST(lines_are_whole_across_pieces_plain_and_packed)
{
    Str  text = many_lines(2000);
    Fail result;

    CHECK_INT(count_documents(text, &result), 2000);
    CHECK(result == OK);
    CHECK_INT(count_documents(gzip_pack(unit_call()->arena, text), &result), 2000);
    CHECK(result == OK);
}

TEST(a_packed_file_that_is_cut_off_gives_what_was_complete)
{
    Str      text = many_lines(2000), packed = gzip_pack(unit_call()->arena, text);
    Fail     result;
    unsigned count = count_documents(str_slice(packed, 0, packed.len / 2), &result);

    CHECK(result == FAIL_SYNTAX);
    CHECK(count > 100 && count < 2000);
    CHECK_INT(count_documents(str_slice(packed, 0, packed.len - 1), &result), 2000);
    CHECK(result == FAIL_SYNTAX);
}

TEST(a_file_that_is_not_there_is_told_by_name)
{
    Call   *c = unit_call();
    Source *source;

    CHECK(source_open(c, "/nowhere/at.all", &source) == FAIL_NOT_FOUND);
    CHECK(str_find(c->issues[0].text, STR("/nowhere/at.all")) >= 0);
}

TEST(a_glance_sees_only_the_documents_own_members)
{
    Str text =
        STR("{\"contained\":[{\"resourceType\":\"Group\",\"id\":\"x\"}],\"id\" : \"a\\\"b\","
            "\"x\":{\"type\":\"no\"},\"resourceType\":\"Patient\",\"type\":\"yes\"}");
    Glance g = document_glance(text);

    CHECK_STR(g.type, STR("Patient"));
    CHECK_STR(g.id, STR("a\\\"b"));
    CHECK_STR(document_member(text, STR("type")), STR("yes"));
    CHECK(document_glance(STR("{\"id\":5,\"resourceType\"")).type.at == NULL);
    CHECK(document_glance(STR("\"resourceType\":\"Patient\"")).type.at == NULL);
}
