/* Writing e-mails: see mail.h. */
#include "exchange/mail.h"

#include "base/buf.h"
#include "base/moment.h"
#include "codec/base64.h"
#include "codec/digest.h"

enum { LINE_BYTES = 57, WORD_BYTES = 42 }; /* 76 and 56 characters of base64 */

static bool is_plain(Str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < ' ' || text.at[i] > '~' || strchr("\"\\()<>[]:;@,", text.at[i]))
            return false;
    return !str_starts(text, STR("=?"));
}

/* Words of RFC 2047, each of whole characters, each on a line of its own. */
static void put_words(Buf *out, Str text)
{
    while (text.len) {
        size_t n = text.len < WORD_BYTES ? text.len : WORD_BYTES;

        while (n > 1 && n < text.len && ((unsigned char)text.at[n] & 0xc0) == 0x80)
            n--;
        buf_put(out, STR("=?UTF-8?B?"));
        base64_put(out, str_slice(text, 0, n));
        text = str_skip(text, n);
        buf_put(out, text.len ? STR("?=\r\n ") : STR("?="));
    }
}

static void put_text(Buf *out, Str text)
{
    if (is_plain(text) && text.len <= LINE_BYTES)
        buf_put(out, text);
    else
        put_words(out, text);
}

static void put_base64(Buf *out, Str bytes)
{
    while (bytes.len) {
        base64_put(out, str_slice(bytes, 0, LINE_BYTES));
        buf_put(out, STR("\r\n"));
        bytes = str_skip(bytes, LINE_BYTES);
    }
}

static void put_date(Buf *out, int64_t at_us)
{
    char date[HTTP_DATE_CHARS + 1];

    moment_format_http(at_us, date);
    buf_printf(out, "Date: %.*s +0000\r\n", HTTP_DATE_CHARS - 4, date);
}

/* The body's lines end with CRLF, as text does in MIME (RFC 2046 4.1.1). */
static Str with_line_ends(Arena *a, Str text)
{
    Buf out = buf_new(a, text.len + text.len / 16 + 16);
    Str line;

    while (str_next(&text, '\n', &line)) {
        buf_put(&out, line);
        if (text.at)
            buf_put(&out, STR("\r\n"));
    }
    return buf_str(&out);
}

static void put_body(Buf *out, Str body)
{
    buf_put(out, STR("Content-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: base64\r\n\r\n"));
    put_base64(out, with_line_ends(out->arena, body));
}

static void put_parts(Buf *out, const Mail *mail)
{
    uint8_t digest[SHA256_BYTES];
    Buf     mark = buf_new(out->arena, 64);

    digest_sha256(mail->id, digest);
    base16_put(&mark, (Str){ (const char *)digest, 16 });
    buf_printf(out, "Content-Type: multipart/mixed; boundary=\"%.*s\"\r\n\r\n--%.*s\r\n",
               STR_ARG(buf_str(&mark)), STR_ARG(buf_str(&mark)));
    put_body(out, mail->body);
    buf_printf(out,
               "--%.*s\r\nContent-Type: %.*s\r\nContent-Transfer-Encoding: base64\r\n"
               "Content-Disposition: attachment; filename=\"%.*s\"\r\n\r\n",
               STR_ARG(buf_str(&mark)), STR_ARG(mail->file_type), STR_ARG(mail->file_name));
    put_base64(out, mail->file);
    buf_printf(out, "--%.*s--\r\n", STR_ARG(buf_str(&mark)));
}

Str mail_text(Arena *a, const Mail *mail)
{
    Buf out = buf_new(a, 1024 + 2 * mail->body.len + mail->file.len / 2 * 3);

    buf_put(&out, STR("From: "));
    if (mail->from_name.len) {
        put_text(&out, mail->from_name);
        buf_printf(&out, "\r\n <%.*s>\r\n", STR_ARG(mail->from));
    } else {
        buf_printf(&out, "%.*s\r\n", STR_ARG(mail->from));
    }
    buf_printf(&out, "To: %.*s\r\nSubject: ", STR_ARG(mail->to));
    put_text(&out, mail->subject);
    buf_put(&out, STR("\r\n"));
    put_date(&out, mail->at_us);
    buf_printf(&out, "Message-ID: <%.*s>\r\n", STR_ARG(mail->id));
    buf_put(&out, STR("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"));
    if (mail->file.len)
        put_parts(&out, mail);
    else
        put_body(&out, mail->body);
    return buf_str(&out);
}
