/* Which sales taxes are due: see tax.h. The tables are read where they lie: a few dozen rows. */
#include "practice/tax.h"

#include "store/embedded.h"

extern const EmbeddedFile tax_files[];

static const Str classes[] = {
    STR_INIT("treatment"), STR_INIT("report"),  STR_INIT("cosmetic"),
    STR_INIT("product"),   STR_INIT("no-show"), STR_INIT("gift-card"),
};

enum { COLUMNS_MAX = 8 };

typedef struct Line {
    Str column[COLUMNS_MAX];
} Line;

/* The next row of a table; remarks and empty lines are passed over. */
static bool next_line(Str *rest, Line *out)
{
    Str text;

    while (str_next(rest, '\n', &text)) {
        Str    left = text;
        size_t count = 0;

        if (text.len == 0 || text.at[0] == '#')
            continue;
        *out = (Line){ 0 };
        while (count < COLUMNS_MAX && str_next(&left, '\t', &out->column[count]))
            count++;
        return true;
    }
    return false;
}

static Str table(const char *name)
{
    for (const EmbeddedFile *file = tax_files; file->name; file++)
        if (str_equal(str_from(file->name), str_from(name)))
            return file->text;
    return (Str){ 0 };
}

static bool fits(Str column, Str value)
{
    return str_equal(column, STR("*")) || str_equal(column, value);
}

/* Dates of the form YYYY-MM-DD are in order as texts are. An open end is empty. */
static bool within(Str date, Str from, Str to)
{
    return str_compare(date, from) >= 0 && (to.len == 0 || str_compare(date, to) <= 0);
}

enum {
    SUPPLY_COUNTRY,
    SUPPLY_PROFESSION,
    SUPPLY_CLASS,
    SUPPLY_FROM,
    SUPPLY_TO,
    SUPPLY_IS,
    SUPPLY_SOURCE
};
enum {
    RATE_COUNTRY,
    RATE_REGION,
    RATE_TAX,
    RATE_RATE,
    RATE_OF,
    RATE_FROM,
    RATE_TO,
    RATE_SOURCE
};

static bool is_exempt(const TaxCase *t, Str *reason)
{
    Str  rest = table("supplies.tsv");
    Line l;

    while (next_line(&rest, &l)) {
        if (!str_equal(l.column[SUPPLY_COUNTRY], t->country)
            || !fits(l.column[SUPPLY_PROFESSION], t->profession)
            || !fits(l.column[SUPPLY_CLASS], t->class)
            || !within(t->date, l.column[SUPPLY_FROM], l.column[SUPPLY_TO]))
            continue;
        *reason = l.column[SUPPLY_SOURCE];
        return str_equal(l.column[SUPPLY_IS], STR("exempt"));
    }
    return false;
}

bool tax_find(const TaxCase *t, TaxFinding *out)
{
    Str  rest = table("rates.tsv");
    bool exempt, goods = str_equal(t->class, STR("product")), known;
    Line l;

    *out = (TaxFinding){ 0 };
    exempt = is_exempt(t, &out->reason);
    known = str_equal(t->country, STR("US"));
    while (next_line(&rest, &l)) {
        if (!str_equal(l.column[RATE_COUNTRY], t->country)
            || !str_equal(l.column[RATE_REGION], t->region)
            || !within(t->date, l.column[RATE_FROM], l.column[RATE_TO]))
            continue;
        known = true;
        if (exempt || (str_equal(l.column[RATE_OF], STR("goods")) && !goods)
            || out->count == TAXES_MAX)
            continue;
        out->due[out->count] =
            (TaxDue){ .name = l.column[RATE_TAX], .source = l.column[RATE_SOURCE] };
        if (!rate_parse(l.column[RATE_RATE], &out->due[out->count].rate))
            return false;
        out->count++;
    }
    return known;
}

bool tax_class_known(Str class)
{
    for (size_t i = 0; i < COUNT(classes); i++)
        if (str_equal(class, classes[i]))
            return true;
    return false;
}

bool tax_profession_known(Str country, Str profession)
{
    Str  rest = table("supplies.tsv");
    Line l;

    while (next_line(&rest, &l))
        if (str_equal(l.column[SUPPLY_COUNTRY], country)
            && (str_equal(l.column[SUPPLY_PROFESSION], profession)
                || (str_equal(l.column[SUPPLY_PROFESSION], STR("*"))
                    && str_equal(l.column[SUPPLY_CLASS], STR("*")))))
            return true;
    return false;
}
