/* Text that runs over pages, line by line, with cairo and pango: see paper_flow.h. */
#include <cairo-pdf.h>
#include <math.h>
#include <pango/pangocairo.h>

#include "base/buf.h"
#include "practice/paper_flow.h"

#define FLOW_FONT "DejaVu Sans"

enum {
    SHEET_WIDTH = 612,
    SHEET_HEIGHT = 792,
    SHEET_MARGIN = 48,
    SHEET_BOTTOM = SHEET_HEIGHT - 64,
    DEPTH_STEP = 12,
    DEPTH_MAX = 8,
    LABEL_WIDTH = 160,
    FLOW_ROOM = 256,
};

static const struct Style {
    double size, before;
    bool   bold;
} styles[] = {
    [FLOW_TITLE] = { 14, 8, true },  [FLOW_HEADING] = { 10.5, 5, true },
    [FLOW_PAIR] = { 9.5, 2, false }, [FLOW_SMALL] = { 8.5, 1, false },
    [FLOW_RULE] = { 8, 6, false },
};

typedef struct Sheet {
    Call        *call;
    const Flow  *flow;
    cairo_t     *cairo;
    PangoLayout *layout;
    double       y;
    unsigned     page;
} Sheet;

void flow_put(Call *c, Flow *flow, FlowKind kind, uint32_t depth, Str label, Str text)
{
    if (flow->count == flow->room) {
        FlowLine *more = NEW_ARRAY(c->arena, FlowLine, flow->room * 2 + FLOW_ROOM);

        if (flow->count)
            memcpy(more, flow->lines, flow->count * sizeof *more);
        flow->lines = more;
        flow->room = flow->room * 2 + FLOW_ROOM;
    }
    flow->lines[flow->count++] =
        (FlowLine){ (uint8_t)kind, (uint8_t)(depth < DEPTH_MAX ? depth : DEPTH_MAX), label,
                    text };
}

static void set_text(Sheet *s, double size, bool bold, double width, Str text)
{
    PangoFontDescription *font = pango_font_description_from_string(FLOW_FONT);

    pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
    pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(s->layout, font);
    pango_font_description_free(font);
    pango_layout_set_width(s->layout, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(s->layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_text(s->layout, text.len ? text.at : "", (int)text.len);
}

/* ---- pages ---- */

static void put_stamp(Sheet *s)
{
    if (!s->flow->stamp.len)
        return;
    cairo_save(s->cairo);
    cairo_set_source_rgb(s->cairo, 0.85, 0.85, 0.85);
    set_text(s, 90, true, SHEET_HEIGHT, s->flow->stamp);
    cairo_move_to(s->cairo, 90, SHEET_HEIGHT - 200);
    cairo_rotate(s->cairo, -M_PI / 4);
    pango_cairo_show_layout(s->cairo, s->layout);
    cairo_restore(s->cairo);
}

static void begin_page(Sheet *s)
{
    Str foot = arena_printf(s->call->arena, "%.*s   %u", STR_ARG(s->flow->foot), ++s->page);

    put_stamp(s);
    cairo_set_source_rgb(s->cairo, 0, 0, 0);
    set_text(s, 8, false, SHEET_WIDTH - 2 * SHEET_MARGIN, foot);
    cairo_move_to(s->cairo, SHEET_MARGIN, SHEET_BOTTOM + 16);
    pango_cairo_show_layout(s->cairo, s->layout);
    s->y = SHEET_MARGIN;
}

static void need(Sheet *s, double high)
{
    if (s->y + high <= SHEET_BOTTOM)
        return;
    cairo_show_page(s->cairo);
    begin_page(s);
}

/* ---- lines ---- */

/* A text from where the page is, over as many pages as it needs. */
static void put_text(Sheet *s, double x, double size, bool bold, Str text)
{
    PangoLayoutIter *each;
    PangoLayout     *own = s->layout;

    set_text(s, size, bold, SHEET_WIDTH - SHEET_MARGIN - x, text);
    /* A new page sets the layout anew for its foot: what is being drawn is kept beside it. */
    s->layout = pango_layout_copy(own);
    each = pango_layout_get_iter(own);
    do {
        PangoRectangle   box;
        PangoLayoutLine *line = pango_layout_iter_get_line_readonly(each);
        int              base = pango_layout_iter_get_baseline(each);

        pango_layout_iter_get_line_extents(each, NULL, &box);
        need(s, (double)box.height / PANGO_SCALE);
        cairo_move_to(s->cairo, x, s->y + (double)(base - box.y) / PANGO_SCALE);
        pango_cairo_show_layout_line(s->cairo, line);
        s->y += (double)box.height / PANGO_SCALE;
    } while (pango_layout_iter_next_line(each));
    pango_layout_iter_free(each);
    g_object_unref(s->layout);
    s->layout = own;
}

static void put_pair(Sheet *s, double x, const struct Style *style, const FlowLine *line)
{
    double top, low;
    int    high;

    set_text(s, style->size, false, LABEL_WIDTH - 8, line->label);
    pango_layout_get_pixel_size(s->layout, NULL, &high);
    need(s, high);
    top = s->y;
    cairo_set_source_rgb(s->cairo, 0.3, 0.3, 0.3);
    cairo_move_to(s->cairo, x, s->y);
    pango_cairo_show_layout(s->cairo, s->layout);
    cairo_set_source_rgb(s->cairo, 0, 0, 0);
    put_text(s, x + LABEL_WIDTH, style->size, style->bold, line->text);
    low = top + high;
    if (s->y > top && s->y < low)
        s->y = low;
}

static void put_line(Sheet *s, const FlowLine *line)
{
    const struct Style *style = &styles[line->kind];
    double              x = SHEET_MARGIN + line->depth * DEPTH_STEP;

    s->y += style->before;
    switch (line->kind) {
    case FLOW_PAIR: put_pair(s, x, style, line); break;
    case FLOW_RULE:
        need(s, style->size);
        cairo_set_line_width(s->cairo, 0.6);
        cairo_move_to(s->cairo, SHEET_MARGIN, s->y);
        cairo_line_to(s->cairo, SHEET_WIDTH - SHEET_MARGIN, s->y);
        cairo_stroke(s->cairo);
        s->y += style->before;
        break;
    default: need(s, style->size * 4); put_text(s, x, style->size, style->bold, line->text);
    }
}

/* ---- the document ---- */

static cairo_status_t take_flow(void *context, const unsigned char *bytes, unsigned length)
{
    buf_put(context, (Str){ (const char *)bytes, length });
    return CAIRO_STATUS_SUCCESS;
}

static void release_surface(void *surface)
{
    cairo_surface_destroy(surface);
}

static void release_cairo(void *cairo)
{
    cairo_destroy(cairo);
}

Fail flow_draw(Call *c, const Flow *flow, Str *pdf)
{
    enum { PDF_BYTES = 128 * 1024 };
    Buf             *out = NEW(c->arena, Buf);
    Sheet            s = { .call = c, .flow = flow };
    cairo_surface_t *surface;

    *out = buf_new(c->arena, PDF_BYTES);
    surface = cairo_pdf_surface_create_for_stream(take_flow, out, SHEET_WIDTH, SHEET_HEIGHT);
    arena_defer(c->arena, release_surface, surface);
    s.cairo = cairo_create(surface);
    arena_defer(c->arena, release_cairo, s.cairo);
    s.layout = pango_cairo_create_layout(s.cairo);
    arena_defer(c->arena, g_object_unref, s.layout);
    begin_page(&s);
    for (size_t i = 0; i < flow->count; i++) {
        if (call_late(c))
            return fail(c, FAIL_TIMEOUT, (Str){ 0 }, "drawing takes too long");
        put_line(&s, &flow->lines[i]);
    }
    cairo_show_page(s.cairo);
    cairo_surface_finish(surface);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS)
        return fail(c, FAIL_SYSTEM, (Str){ 0 }, "the paper cannot be drawn");
    *pdf = buf_str(out);
    return OK;
}
