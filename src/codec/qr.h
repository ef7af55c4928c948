/* Texts as pictures for a telephone's camera: QR codes (ISO/IEC 18004). */
#ifndef CODEC_QR_H
#define CODEC_QR_H

#include "base/arena.h"

/* The picture as SVG for a page, black on white with the margin the standard asks for, named
 * `label` for who cannot see it. The text may be anything; the label must be free of markup.
 * False if the text is too long for one. */
bool qr_svg(Arena *a, Str text, const char *label, Str *out);

#endif
