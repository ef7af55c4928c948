/* Dictionaries into the database, and from there into use: see dictionary.h. */
#include "store/dictionary.h"

#include "store/writer.h"

SQL(dictionary_put_sql, "INSERT INTO dictionary (number, bytes) VALUES ($1, $2)");

typedef struct Putting {
    uint32_t number;
    Str      bytes;
} Putting;

static Fail put(Call *c, Writer *w, void *context)
{
    const Putting *p = context;
    Statement     *s = db_statement(w->db, dictionary_put_sql);

    TRY_STATEMENT(c, w->db, s);
    bind_int(s, p->number);
    bind_bytes(s, p->bytes);
    return statement_run(s) ? OK : db_fail(c, w->db);
}

/* Durable first, then in use: no body may ever need a dictionary that is not there. */
Fail dictionary_put(Call *c, Store *s, Str dictionary)
{
    Putting p = { bodies_newest(s->bodies) + 1, dictionary };

    TRY(writer_run(c, s, put, &p, false));
    if (!bodies_add(s->bodies, p.number, dictionary))
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "the new dictionary cannot be used");
    return OK;
}
