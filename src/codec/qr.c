/* QR codes: see qr.h. */
#include "codec/qr.h"

#include <qrencode.h>

#include "base/buf.h"

enum { MARGIN = 4 }; /* modules of quiet around it */

static void release(void *code)
{
    QRcode_free(code);
}

/* Each run of black modules of a line is one piece of the path. */
static void put_line(Buf *out, const QRcode *code, int y)
{
    const unsigned char *line = code->data + y * code->width;

    for (int x = 0, end; x < code->width; x = end) {
        end = x + 1;
        if (!(line[x] & 1))
            continue;
        while (end < code->width && (line[end] & 1))
            end++;
        buf_printf(out, "M%d %dh%dv1h-%dz", x + MARGIN, y + MARGIN, end - x, end - x);
    }
}

bool qr_svg(Arena *a, Str text, const char *label, Str *out)
{
    QRcode *code =
        QRcode_encodeData((int)text.len, (const unsigned char *)text.at, 0, QR_ECLEVEL_M);
    Buf b = buf_new(a, 16 * 1024);
    int side;

    if (!code)
        return false;
    arena_defer(a, release, code);
    side = code->width + 2 * MARGIN;
    buf_printf(&b,
               "<svg class=\"qr\" role=\"img\" aria-label=\"%s\" viewBox=\"0 0 %d %d\">"
               "<path fill=\"#fff\" d=\"M0 0h%dv%dh-%dz\"/><path fill=\"#000\" d=\"",
               label, side, side, side, side, side);
    for (int y = 0; y < code->width; y++)
        put_line(&b, code, y);
    buf_put(&b, STR("\"/></svg>\n"));
    *out = buf_str(&b);
    return true;
}
