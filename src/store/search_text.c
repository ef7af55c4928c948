/* Fragments joined and numbered: see search_text.h. */
#include "store/search_text.h"

#include "base/ensure.h"

static const Str view_names[VIEWS] = {
    [VIEW_PRACTICE] = STR_INIT("practice"),
    [VIEW_CHART] = STR_INIT("chart"),
    [VIEW_SHARED] = STR_INIT("shared"),
};

SqlText sql_text_new(Arena *a, View view)
{
    SqlText sql = { .arena = a, .view = view, .room = 16, .row = ROW_CURRENT };

    sql.text = buf_new(a, 1024);
    sql.values = NEW_ARRAY(a, SqlValue, sql.room);
    return sql;
}

static void put_depth(SqlText *sql)
{
    if (sql->depth)
        buf_put_u64(&sql->text, sql->depth);
}

static void put_row(SqlText *sql)
{
    for (const char *letter = sql->row; *letter; letter++)
        if (*letter == '#')
            put_depth(sql);
        else
            buf_put_char(&sql->text, *letter);
}

/* The values follow in the order of the question marks, so the number of each is known here. */
void sql_text_put(SqlText *sql, const char *literal)
{
    size_t marks = sql->count;

    for (; *literal; literal++) {
        switch (*literal) {
        case '@': buf_put(&sql->text, sql->past ? STR("past") : view_names[sql->view]); break;
        case '?':
            buf_put_char(&sql->text, '$');
            buf_put_u64(&sql->text, ++marks);
            break;
        case '#': put_depth(sql); break;
        case '~': put_row(sql); break;
        default: buf_put_char(&sql->text, *literal);
        }
    }
}

static SqlValue *add(SqlText *sql, ValueKind kind)
{
    if (sql->count == sql->room) {
        sql->values = arena_grow(sql->arena, sql->values, sql->room * sizeof *sql->values,
                                 2 * sql->room * sizeof *sql->values);
        sql->room *= 2;
    }
    sql->values[sql->count] = (SqlValue){ .kind = kind };
    return &sql->values[sql->count++];
}

void sql_int(SqlText *sql, int64_t value)
{
    add(sql, VALUE_INT)->number = value;
}

void sql_real(SqlText *sql, double value)
{
    add(sql, VALUE_REAL)->real = value;
}

void sql_str(SqlText *sql, Str value)
{
    add(sql, VALUE_TEXT)->text = value;
}

void sql_int_list(SqlText *sql, const int64_t *numbers, size_t count)
{
    ENSURE(count);
    for (size_t i = 0; i < count; i++) {
        if (i)
            sql_put(sql, ", ?");
        else
            sql_put(sql, "(?");
        sql_int(sql, numbers[i]);
    }
    sql_put(sql, ")");
}

Statement *sql_statement(Db *db, const SqlText *sql)
{
    Statement *s = db_statement_of(db, buf_str(&sql->text));

    for (size_t i = 0; s && i < sql->count; i++) {
        const SqlValue *v = &sql->values[i];

        if (v->kind == VALUE_INT)
            bind_int(s, v->number);
        else if (v->kind == VALUE_REAL)
            bind_real(s, v->real);
        else
            bind_text(s, v->text);
    }
    return s;
}
