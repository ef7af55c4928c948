/* Narrative: what a person may read, and every way to smuggle something in. fhir/narrative.c. */
#include "base/buf.h"
#include "base/limits.h"
#include "fhir/narrative.h"
#include "test/unit.h"

#define DIV "<div xmlns=\"http://www.w3.org/1999/xhtml\">"

static void check_good(const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        NarrativeFault fault;

        if (!narrative_check(str_from(texts[i]), &fault))
            unit_fail(__FILE__, __LINE__, "%s: %s at %zu", texts[i], fault.what, fault.offset);
    }
}

static void check_bad(const char *const *texts, size_t count, Fail expected)
{
    for (size_t i = 0; i < count; i++) {
        NarrativeFault fault = { 0 };

        if (narrative_check(str_from(texts[i]), &fault))
            unit_fail(__FILE__, __LINE__, "%s is accepted", texts[i]);
        else if (fault.fail != expected || !fault.what[0] || fault.offset > strlen(texts[i]))
            unit_fail(__FILE__, __LINE__, "%s: failure %d, %s", texts[i], fault.fail,
                      fault.what);
    }
}

TEST(plain_narrative_is_accepted)
{
    static const char *const texts[] = {
        DIV "text</div>",
        " \n" DIV "</div>\r\n",
        "<div xmlns='http://www.w3.org/1999/xhtml'><p>a</p><br/><hr /></div>",
        DIV
        "<table border=\"1\"><tr><td colspan=\"2\" class=\"a\">1 &lt; 2 &amp;&#160;&#xE9;</td></tr>"
        "</table></div >",
        DIV
        "<a href=\"http://a\">x</a><a href=\"#x\">x</a><a href=\"Patient/1\">x</a><a name=\"y\"/>"
        "</div>",
        DIV "<a href=\"mailto:a@b\">x</a><a href=\"tel:+1\"/><a href=\"urn:uuid:1\"/></div>",
        DIV "<a href=\"a/b:c\">x</a><a href=\"?a:b\"/><a href=\"//a\"/></div>",
        DIV "<img src=\"#image\" alt=\"a\"/><img src='data:image/png;base64,QUJD'/></div>",
        DIV "<img src=\"data: image/gif;base64,QUJD\"/><img src=\"a.png\"/></div>",
        DIV "<!-- a comment - of one --></div>",
        DIV
        "<p style=\"color: red; border: 1px solid rgb(1,2,3); font-family: 'A b', serif;\">x</p>"
        "</div>",
        DIV "<p style=\"background-image: url(data: image/png;base64,QUJD)\">x</p></div>",
        DIV "<p style=\"background: white url(tbl_bck1.png); null\">x</p></div>",
        DIV "<p style=\"COLOR : Red !important\"/><p style=\"\"/><p style=\" ; \"/></div>",
        DIV "<p title='a \"b\" &apos;c&apos; > d'>]] > &#x1F600;</p></div>",
        "<div xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\" xml:lang=\"en\">x</div>",
    };

    check_good(texts, COUNT(texts));
}

TEST(what_is_not_well_formed_is_refused)
{
    static const char *const texts[] = {
        "",
        " ",
        "text",
        DIV,
        DIV "<p></div>",
        DIV "</p></div>",
        DIV "</div",
        DIV "</div></div>",
        DIV "</div>x",
        DIV "</div>" DIV "</div>",
        DIV "<p</div>",
        DIV "<p class</div>",
        DIV "<p class></p></div>",
        DIV "<p class=a></p></div>",
        DIV "<p class=\"a></p></div>",
        DIV "<p class=\"a\"id=\"b\"></p></div>",
        DIV "<p class=\"a\" class=\"b\"></p></div>",
        DIV "<p class=\"<\"></p></div>",
        DIV "<p / ></p></div>",
        DIV "a < b</div>",
        DIV "a & b</div>",
        DIV "&nbsp;</div>",
        DIV "&amp</div>",
        DIV "&#0;</div>",
        DIV "&#x1;</div>",
        DIV "&#xD800;</div>",
        DIV "&#x110000;</div>",
        DIV "&#99999999999;</div>",
        DIV "&#;</div>",
        DIV "&#x;</div>",
        DIV "&;</div>",
        DIV "\x01</div>",
        DIV "]]></div>",
        DIV "\xef\xbf\xbf</div>",
        DIV "<!-- -- --></div>",
        DIV "<!-- a --",
        DIV "<!--a---></div>",
        DIV "<!--></div>",
        DIV "<!--> --></div>",
        DIV "<!---> --></div>",
        DIV "<!-- \x02 --></div>",
        DIV "< p/></div>",
        DIV "</ div>",
        DIV "<",
    };

    check_bad(texts, COUNT(texts), FAIL_VALUE);
}

TEST(what_narrative_may_not_hold_is_refused)
{
    static const char *const texts[] = {
        "<p xmlns=\"http://www.w3.org/1999/xhtml\">a</p>",
        "<div>no namespace</div>",
        "<div xmlns=\"http://www.w3.org/2000/svg\">a</div>",
        "<DIV xmlns=\"http://www.w3.org/1999/xhtml\">a</DIV>",
        DIV "<script>alert(1)</script></div>",
        DIV "<SCRIPT/></div>",
        DIV "<style>p{}</style></div>",
        DIV "<iframe src=\"http://a\"/></div>",
        DIV "<object data=\"a\"/></div>",
        DIV "<embed/></div>",
        DIV "<form/></div>",
        DIV "<input/></div>",
        DIV "<button/></div>",
        DIV "<link/></div>",
        DIV "<meta/></div>",
        DIV "<base/></div>",
        DIV "<svg/></div>",
        DIV "<math/></div>",
        DIV "<h:script/></div>",
        DIV "<video/></div>",
        DIV "<p onclick=\"alert(1)\">x</p></div>",
        DIV "<p onClick=\"alert(1)\">x</p></div>",
        DIV "<p xmlns:x=\"a\">x</p></div>",
        DIV "<p xmlns=\"http://www.w3.org/1998/Math/MathML\">x</p></div>",
        DIV "<p formaction=\"a\">x</p></div>",
        DIV "<a href=\"a\" target=\"_blank\">x</a></div>",
        DIV "<![CDATA[ x ]]></div>",
        DIV "<?php x ?></div>",
        DIV "<!DOCTYPE x></div>",
        DIV "<!ENTITY x \"y\"></div>",
    };

    check_bad(texts, COUNT(texts), FAIL_INVARIANT);
}

TEST(addresses_hide_no_script)
{
    static const char *const texts[] = {
        DIV "<a href=\"javascript:alert(1)\">x</a></div>",
        DIV "<a href=\"JavaScript:alert(1)\">x</a></div>",
        DIV "<a href=\" javascript:alert(1)\">x</a></div>",
        DIV "<a href=\"&#1;javascript:alert(1)\">x</a></div>",
        DIV "<a href=\"&#x9;javascript:alert(1)\">x</a></div>",
        DIV "<a href=\"java\tscript:alert(1)\">x</a></div>",
        DIV "<a href=\"java&#10;script:alert(1)\">x</a></div>",
        DIV "<a href=\"java\r\nscript:alert(1)\">x</a></div>",
        DIV "<a href=\"&#106;avascript:alert(1)\">x</a></div>",
        DIV "<a href=\"javascript&#58;alert(1)\">x</a></div>",
        DIV "<a href=\"javascript&#x3a;alert(1)\">x</a></div>",
        DIV "<a href=\"vbscript:x\">x</a></div>",
        DIV "<a href=\"data:text/html,x\">x</a></div>",
        DIV "<a href=\"data:image/png;base64,QQ==\">x</a></div>",
        DIV "<a href=\"file:///etc/passwd\">x</a></div>",
        DIV "<a href=\"blob:x\">x</a></div>",
        DIV "<a href=\"view-source:x\">x</a></div>",
        DIV "<a href=\":x\">x</a></div>",
        DIV "<a href=\"averyveryveryveryveryveryverylongscheme:x\">x</a></div>",
        DIV "<q cite=\"javascript:x\">x</q></div>",
        DIV "<img longdesc=\"javascript:x\" src=\"a.png\"/></div>",
        DIV "<img src=\"javascript:x\"/></div>",
        DIV "<img src=\"data:image/svg+xml;base64,QQ==\"/></div>",
        DIV "<img src=\"data:text/html,x\"/></div>",
        DIV "<img src=\"data:image/pngx,x\"/></div>",
        DIV "<img src=\"mailto:x\"/></div>",
    };
    size_t refused = 0;

    for (size_t i = 0; i < COUNT(texts); i++) {
        NarrativeFault fault;

        if (narrative_check(str_from(texts[i]), &fault))
            unit_fail(__FILE__, __LINE__, "%s is accepted", texts[i]);
        refused++;
    }
    CHECK_INT(refused, COUNT(texts));
}

TEST(styles_hide_no_script_and_fetch_nothing)
{
    static const char *const texts[] = {
        DIV "<p style=\"background: url(http://evil/x.png)\"/></div>",
        DIV "<p style=\"background: url('//evil/x.png')\"/></div>",
        DIV "<p style=\"background: url(javascript:alert(1))\"/></div>",
        DIV "<p style=\"background: URL(http://evil/x.png)\"/></div>",
        DIV "<p style=\"background: u&#114;l(http://evil/x.png)\"/></div>",
        DIV "<p style=\"background: ur\\6c(http://evil/x.png)\"/></div>",
        DIV "<p style=\"background: url (http://evil/x.png)\"/></div>",
        DIV "<p style=\"background: url(data:image/svg+xml,x)\"/></div>",
        DIV "<p style=\"background: url(data:text/html,x)\"/></div>",
        DIV "<p style=\"background: url(x.svg)\"/></div>",
        DIV "<p style=\"background: url(x.png\"/></div>",
        DIV "<p style=\"background: image-set('http://evil/x' 1x)\"/></div>",
        DIV "<p style=\"width: expression(alert(1))\"/></div>",
        DIV "<p style=\"width: exp/**/ression(alert(1))\"/></div>",
        DIV "<p style=\"color: red/* */\"/></div>",
        DIV "<p style=\"behavior: url(x.htc)\"/></div>",
        DIV "<p style=\"-moz-binding: url(x.png)\"/></div>",
        DIV "<p style=\"position: fixed\"/></div>",
        DIV "<p style=\"content: 'x'\"/></div>",
        DIV "<p style=\"@import 'x'\"/></div>",
        DIV "<p style=\"color: red } p { color: blue\"/></div>",
        DIV "<p style=\"col\\6fr: red\"/></div>",
    };

    check_bad(texts, COUNT(texts), FAIL_INVARIANT);
}

TEST(the_fault_says_what_and_where)
{
    NarrativeFault fault;

    REQUIRE(!narrative_check(STR(DIV "a<p><script/></p></div>"), &fault));
    CHECK_STR(str_from(fault.what), STR("the element <script> is not allowed in narrative"));
    CHECK_INT(fault.offset, strlen(DIV) + 4);
    REQUIRE(!narrative_check(STR(DIV "<p onload\x01x='1'/></div>"), &fault));
    CHECK_STR(str_from(fault.what), STR("the attribute onload is not allowed in narrative"));
}

TEST(nesting_is_capped_exactly)
{
    Call *c = unit_call();

    for (int over = 0; over < 2; over++) {
        Buf            b = buf_new(c->arena, 0);
        NarrativeFault fault;

        buf_put(&b, STR(DIV));
        for (int i = 1; i < LIMIT_NARRATIVE_DEPTH + over; i++)
            buf_put(&b, STR("<span>"));
        for (int i = 1; i < LIMIT_NARRATIVE_DEPTH + over; i++)
            buf_put(&b, STR("</span>"));
        buf_put(&b, STR("</div>"));
        CHECK(narrative_check(buf_str(&b), &fault) == !over);
    }
}

typedef struct Links {
    Str  text;
    Buf *seen;
} Links;

static void note_link(void *context, size_t from, size_t to)
{
    Links *links = context;

    buf_put(links->seen, str_slice(links->text, from, to));
    buf_put_char(links->seen, ' ');
}

TEST(links_are_found_in_order)
{
    Str text = STR(DIV "<a title=\"x\" href=\"urn:uuid:1#a\">href=\"no\"</a><!-- src=\"no\" -->"
                       "<img alt='href' src='b.png'/></div>");
    Buf seen = buf_new(unit_call()->arena, 0);
    Links links = { text, &seen };

    narrative_links(text, note_link, &links);
    CHECK_STR(buf_str(&seen), STR("urn:uuid:1#a b.png "));
}
