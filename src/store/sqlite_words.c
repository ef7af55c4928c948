/* The words of schema files as SQLite says them (see db_translate()), and addresses of files. */
#include "store/sqlite_words.h"

#include "store/driver.h"

static const struct {
    Str word, here;
} words[] = {
    { STR_INIT("@KEY@"), STR_INIT("INTEGER PRIMARY KEY") },
    { STR_INIT("@INT@"), STR_INIT("INTEGER") },
    { STR_INIT("@REAL@"), STR_INIT("REAL") },
    { STR_INIT("@TEXT@"), STR_INIT("TEXT") },
    { STR_INIT("@BYTES@"), STR_INIT("BLOB") },
    { STR_INIT("@HEAP@"), STR_INIT("STRICT") },
    { STR_INIT("@CLUSTERED@"), STR_INIT("STRICT, WITHOUT ROWID") },
    { STR_INIT("@VIEW@"), STR_INIT("TEMP VIEW") },
    { STR_INIT("@MAIN@"), STR_INIT("main.") },
    /* Words come folded, so nothing is left for the tokenizer to do; where in a text a word stands is
     * not kept, nor the text itself. */
    { STR_INIT("@WORDS@"), STR_INIT("CREATE VIRTUAL TABLE words USING fts5 (said, content='',"
                                    " contentless_delete=1, detail=none, tokenize='ascii')") },
    { STR_INIT("@WORDS_RID@"), STR_INIT("t.rowid") },
    { STR_INIT("@WORDS_SAID@"), STR_INIT("t.words") },
};

Str db_translate(Arena *a, Str sql)
{
    Buf out = buf_new(a, sql.len + 256);

    while (sql.len) {
        size_t word = 0;

        while (word < COUNT(words) && !str_starts(sql, words[word].word))
            word++;
        if (word < COUNT(words)) {
            buf_put(&out, words[word].here);
            sql = str_skip(sql, words[word].word.len);
        } else {
            buf_put_char(&out, sql.at[0]);
            sql = str_skip(sql, 1);
        }
    }
    buf_put_char(&out, '\0');
    return str_slice(buf_str(&out), 0, out.len - 1);
}

/* psow=0: a write that was cut off may have garbled its whole sector (security 0, finding 4). */
const char *sqlite_uri(Arena *a, const char *path)
{
    static const char hex[] = "0123456789abcdef";
    Buf               b = buf_new(a, strlen(path) + 32);

    buf_put(&b, STR("file:"));
    for (; *path; path++) {
        unsigned char ch = (unsigned char)*path;

        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9')
            || strchr("/-_.~", ch)) {
            buf_put_char(&b, (char)ch);
        } else {
            buf_put_char(&b, '%');
            buf_put_char(&b, hex[ch >> 4]);
            buf_put_char(&b, hex[ch & 15]);
        }
    }
    buf_put(&b, STR("?psow=0"));
    buf_put_char(&b, '\0');
    return b.at;
}

/* Before each word of a narrative: no letter, so no word begins with it. A column for those would take
 * a byte with every word. */
#define NARRATIVE "\xc2\xac"

const char db_words_match[] = "x.words MATCH ?";
const char db_words_put[] =
    "INSERT OR REPLACE INTO words (rowid, said) VALUES ($1, $2 || ' ' || $3)";
const char db_words_remove[] = "DELETE FROM words WHERE rowid = $1";
const char db_words_clear[] = "INSERT INTO words (words) VALUES ('delete-all')";

Str db_words_narrative(Arena *a, Str narrative)
{
    Buf out = buf_new(a, narrative.len + narrative.len / 2 + 1);
    Str word;

    while (str_next(&narrative, ' ', &word)) {
        if (out.len)
            buf_put_char(&out, ' ');
        buf_put(&out, STR(NARRATIVE));
        buf_put(&out, word);
    }
    return buf_str(&out);
}

/* Words hold letters and digits only; quoted, none of them is a keyword. */
static void put_word(Buf *out, Str word, bool beginning, bool narrative)
{
    const char *star = beginning ? "*" : "";

    buf_printf(out, narrative ? " \"" NARRATIVE "%.*s\"%s" : " (\"%.*s\"%s", STR_ARG(word),
               star);
    if (!narrative)
        buf_printf(out, " OR \"" NARRATIVE "%.*s\"%s)", STR_ARG(word), star);
}

static void put_query(Buf *out, Str query, bool narrative)
{
    static const Str signs[] = { STR_INIT("AND"), STR_INIT("OR"), STR_INIT("("),
                                 STR_INIT(")") };
    Str              word;

    while (str_next(&query, ' ', &word)) {
        bool sign = false;
        bool beginning = str_equal(query, STR("*")) || str_starts(query, STR("* "));

        for (size_t i = 0; i < COUNT(signs); i++)
            sign = sign || str_equal(word, signs[i]);
        if (sign)
            buf_printf(out, " %.*s", STR_ARG(word));
        else
            put_word(out, word, beginning, narrative);
        if (beginning)
            str_next(&query, ' ', &word);
    }
}

Str db_words_query(Arena *a, const Str *queries, size_t count, bool narrative)
{
    Buf out = buf_new(a, 256);

    for (size_t i = 0; i < count; i++) {
        buf_put(&out, i ? STR(" OR (") : STR("("));
        put_query(&out, queries[i], narrative);
        buf_put(&out, STR(" )"));
    }
    return buf_str(&out);
}
