/*
 * Drawing paper as PDF, with cairo and pango. One letter-size page; the fonts' used parts are in it.
 * Each thread has its own map of fonts, pango's. See paper.h.
 */
#include <cairo-pdf.h>
#include <pango/pangocairo.h>

#include "practice/paper.h"

#ifdef __SANITIZE_ADDRESS__
/* Pango keeps its map of fonts for each thread as long as the process lives, and what fontconfig holds for it
 * is not to be reached at the end: 41 KB, as many after one paper as after a thousand. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\n";
}
#endif

#define FONT "DejaVu Sans"

enum { WIDTH = 612, HEIGHT = 792, MARGIN = 48, RIGHT = WIDTH - MARGIN, AMOUNT_WIDTH = 90 };

typedef struct Page {
    Call        *call;
    const Paper *paper;
    cairo_t     *cairo;
    PangoLayout *layout;
    double       y;
} Page;

enum Word {
    WORD_RECEIPT,
    WORD_INVOICE,
    WORD_DUPLICATE,
    WORD_SAMPLE,
    WORD_NUMBER,
    WORD_DATE,
    WORD_OF_INVOICE,
    WORD_PATIENT,
    WORD_PAYER,
    WORD_BY,
    WORD_REGISTRATION,
    WORD_SERVICES,
    WORD_OTHER,
    WORD_DISCOUNT,
    WORD_NET,
    WORD_TOTAL,
    WORD_PAID,
    WORD_BALANCE,
    WORD_SIGNATURE,
    WORD_NO_SHOW,
    WORD_COLLEGE,
    WORD_DIAGNOSIS,
    WORD_QUANTITY,
    WORD_TAX_NUMBER,
    WORDS
};

static const char *const words[WORDS][2] = {
    [WORD_RECEIPT] = { "RECEIPT", "REÇU" },
    [WORD_INVOICE] = { "INVOICE", "FACTURE" },
    [WORD_DUPLICATE] = { "DUPLICATE", "DUPLICATA" },
    [WORD_SAMPLE] = { "SAMPLE", "SPÉCIMEN" },
    [WORD_NUMBER] = { "No.", "Nº" },
    [WORD_DATE] = { "Issued", "Émis le" },
    [WORD_OF_INVOICE] = { "For invoice", "Pour la facture" },
    [WORD_PATIENT] = { "Patient", "Patient" },
    [WORD_PAYER] = { "Paid by", "Payé par" },
    [WORD_BY] = { "Service given by", "Service rendu par" },
    [WORD_REGISTRATION] = { "Registration no.", "Nº d’inscription" },
    [WORD_COLLEGE] = { "Registered with", "Inscrit auprès de" },
    [WORD_SERVICES] = { "Services", "Services" },
    [WORD_OTHER] = { "Products and other charges", "Produits et autres frais" },
    [WORD_DISCOUNT] = { "Discount", "Rabais" },
    [WORD_NET] = { "Before taxes", "Avant taxes" },
    [WORD_TOTAL] = { "Total", "Total" },
    [WORD_PAID] = { "Amount paid", "Montant payé" },
    [WORD_BALANCE] = { "Balance", "Solde" },
    [WORD_SIGNATURE] = { "Signature of", "Signature de" },
    [WORD_NO_SHOW] = { "Fee for a missed appointment. No service was given.",
                       "Frais pour rendez-vous manqué. Aucun service n’a été rendu." },
    [WORD_DIAGNOSIS] = { "Diagnosis (ICD-10-CM)", "Diagnostic (CIM-10)" },
    [WORD_QUANTITY] = { "Quantity", "Quantité" },
    [WORD_TAX_NUMBER] = { "no.", "nº" },
};

static const struct {
    Str         method;
    const char *words[2];
} methods[] = {
    { STR_INIT("cash"), { "cash", "comptant" } },
    { STR_INIT("card"), { "card", "carte" } },
    { STR_INIT("e-transfer"), { "e-transfer", "virement" } },
    { STR_INIT("cheque"), { "cheque", "chèque" } },
    { STR_INIT("insurer"), { "insurer", "assureur" } },
};

static Str say(const Page *g, enum Word word)
{
    return str_from(words[word][g->paper->french]);
}

/* One piece of text; returns how high it is. */
static double put(Page *g, double x, double width, double size, bool bold, bool to_right,
                  Str text)
{
    PangoFontDescription *font = pango_font_description_from_string(FONT);
    int                   high;

    pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
    pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(g->layout, font);
    pango_font_description_free(font);
    pango_layout_set_width(g->layout, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(g->layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(g->layout, to_right ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT);
    pango_layout_set_text(g->layout, text.len ? text.at : "", (int)text.len);
    cairo_move_to(g->cairo, x, g->y);
    pango_cairo_show_layout(g->cairo, g->layout);
    pango_layout_get_pixel_size(g->layout, NULL, &high);
    return high;
}

static void put_line(Page *g, double size, bool bold, Str text)
{
    if (text.len)
        g->y += put(g, MARGIN, RIGHT - MARGIN, size, bold, false, text) + 2;
}

static void put_pair(Page *g, enum Word word, Str text)
{
    if (text.len == 0)
        return;
    put(g, MARGIN, 140, 9, false, false, say(g, word));
    g->y += put(g, MARGIN + 140, RIGHT - MARGIN - 140, 10, true, false, text) + 3;
}

static void put_rule(Page *g)
{
    g->y += 5;
    cairo_set_line_width(g->cairo, 0.7);
    cairo_move_to(g->cairo, MARGIN, g->y);
    cairo_line_to(g->cairo, RIGHT, g->y);
    cairo_stroke(g->cairo);
    g->y += 7;
}

static void put_amount(Page *g, bool bold, Str text, int64_t cents)
{
    Buf amount = buf_new(g->call->arena, 40);

    if (!g->paper->french)
        buf_put(&amount, STR("$"));
    money_put_words(&amount, cents, g->paper->french);
    if (g->paper->french)
        buf_put(&amount, STR("\xc2\xa0$"));
    put(g, RIGHT - AMOUNT_WIDTH, AMOUNT_WIDTH, 10, bold, true, buf_str(&amount));
    g->y += put(g, MARGIN, RIGHT - MARGIN - AMOUNT_WIDTH - 8, 10, bold, false, text) + 3;
}

static void put_head(Page *g)
{
    const Paper *p = g->paper;
    Buf          title = buf_new(g->call->arena, 64);

    put_line(g, 15, true, p->practice);
    put_line(g, 9, false, p->address);
    put_line(g, 9, false,
             arena_printf(g->call->arena, "%.*s   %.*s", STR_ARG(p->phone), STR_ARG(p->email)));
    if (p->ein.len)
        put_line(g, 9, false, arena_printf(g->call->arena, "EIN %.*s", STR_ARG(p->ein)));
    put_rule(g);
    buf_put(&title, say(g, p->receipt ? WORD_RECEIPT : WORD_INVOICE));
    if (p->duplicate)
        buf_printf(&title, " · %.*s", STR_ARG(say(g, WORD_DUPLICATE)));
    if (p->sample)
        buf_printf(&title, " · %.*s", STR_ARG(say(g, WORD_SAMPLE)));
    put_line(g, 17, true, buf_str(&title));
    put_pair(g, WORD_NUMBER, p->number);
    put_pair(g, WORD_DATE, p->issued);
    if (p->receipt)
        put_pair(g, WORD_OF_INVOICE, p->invoice_number);
    put_pair(g, WORD_PATIENT, p->patient);
    put_pair(g, WORD_PAYER, p->payer);
    if (p->treatment) {
        put_pair(g, WORD_BY,
                 arena_printf(g->call->arena, "%.*s, %.*s", STR_ARG(p->practitioner),
                              STR_ARG(p->designation)));
        put_pair(g, WORD_REGISTRATION, p->registration);
        put_pair(g, WORD_COLLEGE, p->college);
        put_pair(g, WORD_DIAGNOSIS, p->diagnosis);
        if (p->npi.len)
            put_line(g, 10, true, arena_printf(g->call->arena, "NPI %.*s", STR_ARG(p->npi)));
    }
    put_rule(g);
}

static void put_service(Page *g, const PaperLine *l)
{
    Buf text = buf_new(g->call->arena, 256);

    buf_printf(&text, "%.*s   %.*s", STR_ARG(l->date), STR_ARG(l->text));
    if (l->minutes && str_equal(l->class, STR("treatment")))
        buf_printf(&text, " – %u min", l->minutes);
    if (l->code.len)
        buf_printf(&text, "   CPT %.*s", STR_ARG(l->code));
    if (l->quantity > 1)
        buf_printf(&text, "   %.*s: %u", STR_ARG(say(g, WORD_QUANTITY)), l->quantity);
    put_amount(g, false, buf_str(&text), l->price);
    if (l->discount)
        put_amount(g, false, say(g, WORD_DISCOUNT), -l->discount);
}

/* Services of the practitioner by themselves, everything else below another heading. */
static void put_services(Page *g, bool treatment)
{
    bool headed = false;

    for (size_t i = 0; i < g->paper->line_count; i++) {
        const PaperLine *l = &g->paper->lines[i];

        if (str_equal(l->class, STR("treatment")) != treatment)
            continue;
        if (!headed)
            put_line(g, 10, true, say(g, treatment ? WORD_SERVICES : WORD_OTHER));
        headed = true;
        put_service(g, l);
        if (str_equal(l->class, STR("no-show")))
            put_line(g, 9, false, say(g, WORD_NO_SHOW));
    }
}

/* "HST 13 %" as each language says it. */
static Str tax_words(const Page *g, const PaperTax *t)
{
    static const struct {
        Str         name;
        const char *french;
    } names[] = {
        { STR_INIT("GST"), "TPS" }, { STR_INIT("HST"), "TVH" }, { STR_INIT("PST"), "TVP" },
        { STR_INIT("QST"), "TVQ" }, { STR_INIT("RST"), "TVD" },
    };

    for (size_t i = 0; g->paper->french && i < COUNT(names); i++)
        if (str_starts(t->rate, names[i].name)) {
            Str rest = str_skip(t->rate, names[i].name.len);
            Buf out = buf_new(g->call->arena, 32);

            buf_put(&out, str_from(names[i].french));
            for (size_t k = 0; k < rest.len; k++)
                buf_put_char(&out, rest.at[k] == '.' ? ',' : rest.at[k]);
            return buf_str(&out);
        }
    return t->rate;
}

static Str method_words(const Page *g, Str method)
{
    for (size_t i = 0; i < COUNT(methods); i++)
        if (str_equal(methods[i].method, method))
            return str_from(methods[i].words[g->paper->french]);
    return method;
}

static void put_sums(Page *g)
{
    const Paper *p = g->paper;
    Arena       *a = g->call->arena;

    put_rule(g);
    put_amount(g, false, say(g, WORD_NET), p->net);
    for (size_t i = 0; i < p->tax_count; i++) {
        const PaperTax *t = &p->taxes[i];

        put_amount(g, false,
                   arena_printf(a, "%.*s (%.*s %.*s)", STR_ARG(tax_words(g, t)),
                                STR_ARG(say(g, WORD_TAX_NUMBER)), STR_ARG(t->number)),
                   t->cents);
    }
    put_amount(
        g, true,
        arena_printf(a, "%.*s (%.*s)", STR_ARG(say(g, WORD_TOTAL)), STR_ARG(p->currency)),
        p->gross);
    for (size_t i = 0; i < p->payment_count; i++) {
        const PaperPayment *m = &p->payments[i];
        Str                 how = method_words(g, m->method);

        put_amount(g, false, arena_printf(a, "%.*s   %.*s", STR_ARG(m->date), STR_ARG(how)),
                   m->cents);
    }
    put_amount(g, true, say(g, WORD_PAID), p->paid);
    put_amount(g, true, say(g, WORD_BALANCE), p->open);
}

static void put_signature(Page *g)
{
    const Paper *p = g->paper;

    if (!p->signing || !p->treatment)
        return;
    g->y += 44;
    cairo_move_to(g->cairo, MARGIN, g->y);
    cairo_line_to(g->cairo, MARGIN + 260, g->y);
    cairo_stroke(g->cairo);
    g->y += 3;
    put_line(g, 9, false,
             arena_printf(g->call->arena, "%.*s %.*s, %.*s", STR_ARG(say(g, WORD_SIGNATURE)),
                          STR_ARG(p->practitioner), STR_ARG(p->designation)));
}

static cairo_status_t take_bytes(void *context, const unsigned char *bytes, unsigned length)
{
    buf_put(context, (Str){ (const char *)bytes, length });
    return CAIRO_STATUS_SUCCESS;
}

static void close_surface(void *surface)
{
    cairo_surface_destroy(surface);
}

static void close_cairo(void *cairo)
{
    cairo_destroy(cairo);
}

static cairo_status_t draw(Page *g, Buf *out)
{
    Arena           *a = g->call->arena;
    cairo_surface_t *surface =
        cairo_pdf_surface_create_for_stream(take_bytes, out, WIDTH, HEIGHT);

    arena_defer(a, close_surface, surface);
    g->cairo = cairo_create(surface);
    arena_defer(a, close_cairo, g->cairo);
    g->layout = pango_cairo_create_layout(g->cairo);
    arena_defer(a, g_object_unref, g->layout);
    put_head(g);
    put_services(g, true);
    put_services(g, false);
    put_sums(g);
    put_signature(g);
    cairo_show_page(g->cairo);
    cairo_surface_finish(surface);
    return cairo_surface_status(surface);
}

Fail paper_draw(Call *c, const Paper *paper, Str *pdf)
{
    enum { PDF_BYTES = 128 * 1024 };
    Buf *out = NEW(c->arena, Buf);
    Page page = { .call = c, .paper = paper, .y = MARGIN };

    *out = buf_new(c->arena, PDF_BYTES);
    if (draw(&page, out) != CAIRO_STATUS_SUCCESS || page.y > HEIGHT - MARGIN)
        return fail(c, FAIL_UNPROCESSABLE, STR("Invoice.lineItem"),
                    "This does not fit on one page");
    *pdf = buf_str(out);
    return OK;
}
