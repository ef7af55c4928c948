/* The words of schema files as SQLite says them: see db_translate(). */
#include "store/driver.h"

static const struct {
    Str word, here;
} words[] = {
    { STR_INIT("@KEY@"),       STR_INIT("INTEGER PRIMARY KEY")  },
    { STR_INIT("@INT@"),       STR_INIT("INTEGER")              },
    { STR_INIT("@REAL@"),      STR_INIT("REAL")                 },
    { STR_INIT("@TEXT@"),      STR_INIT("TEXT")                 },
    { STR_INIT("@BYTES@"),     STR_INIT("BLOB")                 },
    { STR_INIT("@HEAP@"),      STR_INIT("STRICT")               },
    { STR_INIT("@CLUSTERED@"), STR_INIT("STRICT, WITHOUT ROWID") },
    { STR_INIT("@VIEW@"),      STR_INIT("TEMP VIEW")            },
    { STR_INIT("@MAIN@"),      STR_INIT("main.")                },
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
