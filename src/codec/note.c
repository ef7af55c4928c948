/* Signed notes and checkpoints: see note.h. */
#include "codec/note.h"

#include "base/ensure.h"
#include "base/moment.h"
#include "codec/base64.h"

enum { ID_BYTES = 4, TYPE_ED25519 = 1, SIGNATURES_MAX = 64 };

static const Str dash = STR_INIT("\xe2\x80\x94 "); /* an em dash and a space */
static const Str time_word = STR_INIT("time ");

void note_signer_make(NoteSigner *signer, Str name, const uint8_t seed[NOTE_SEED_BYTES])
{
    memcpy(signer->seed, seed, NOTE_SEED_BYTES);
    ed25519_public(seed, signer->public);
    signer->name = name;
}

static void key_id(Arena *a, const NoteSigner *signer, char out[ID_BYTES])
{
    uint8_t digest[SHA256_BYTES];
    Buf     b = buf_new(a, 128);

    buf_put(&b, signer->name);
    buf_put_char(&b, '\n');
    buf_put_char(&b, TYPE_ED25519);
    buf_put(&b, (Str){ (const char *)signer->public, NOTE_PUBLIC_BYTES });
    digest_sha256(buf_str(&b), digest);
    memcpy(out, digest, ID_BYTES);
}

Str note_verifier(Arena *a, const NoteSigner *signer)
{
    Buf  out = buf_new(a, 128);
    char key[1 + NOTE_PUBLIC_BYTES] = { TYPE_ED25519 }, id[ID_BYTES];

    key_id(a, signer, id);
    memcpy(key + 1, signer->public, NOTE_PUBLIC_BYTES);
    buf_put(&out, signer->name);
    buf_put_char(&out, '+');
    base16_put(&out, (Str){ id, sizeof id });
    buf_put_char(&out, '+');
    base64_put(&out, (Str){ key, sizeof key });
    return buf_str(&out);
}

Str note_sign(Arena *a, const NoteSigner *signer, Str text)
{
    char made[ID_BYTES + ED25519_SIGNATURE_BYTES];
    Buf  out = buf_new(a, text.len + 256);

    key_id(a, signer, made);
    ed25519_sign(signer->seed, text, (uint8_t *)made + ID_BYTES);
    buf_put(&out, text);
    buf_put_char(&out, '\n');
    buf_put(&out, dash);
    buf_put(&out, signer->name);
    buf_put_char(&out, ' ');
    base64_put(&out, (Str){ made, sizeof made });
    buf_put_char(&out, '\n');
    return buf_str(&out);
}

/* Text and signatures stand on the two sides of the last empty line. */
static bool split(Str note, Str *text, Str *signatures)
{
    static const Str gap = STR_INIT("\n\n");
    ptrdiff_t        at, next;

    if (!str_ends(note, STR("\n")) || (at = str_find(note, gap)) < 0)
        return false;
    while ((next = str_find(str_skip(note, (size_t)at + 1), gap)) >= 0)
        at += 1 + next;
    *text = str_slice(note, 0, (size_t)at + 1);
    *signatures = str_skip(note, (size_t)at + gap.len);
    return true;
}

bool note_text(Str note, Str *text)
{
    Str signatures;

    return split(note, text, &signatures) && str_starts(signatures, dash);
}

bool note_open(Arena *a, const NoteSigner *signer, Str note, Str *text)
{
    Str  rest, line, name, encoded, made;
    char id[ID_BYTES];

    if (!split(note, text, &rest))
        return false;
    key_id(a, signer, id);
    for (size_t i = 0; i < SIGNATURES_MAX && str_cut(rest, '\n', &line, &rest); i++) {
        if (!str_starts(line, dash) || !str_cut(str_skip(line, dash.len), ' ', &name, &encoded))
            return false;
        if (!str_equal(name, signer->name) || !base64_read(a, encoded, &made)
            || made.len < ID_BYTES || memcmp(made.at, id, ID_BYTES) != 0)
            continue;
        return made.len == ID_BYTES + ED25519_SIGNATURE_BYTES
               && ed25519_check(signer->public, *text, (const uint8_t *)made.at + ID_BYTES);
    }
    return false;
}

Str checkpoint_format(Arena *a, const Checkpoint *checkpoint)
{
    Buf  out = buf_new(a, 256);
    char at[INSTANT_CHARS + 1];

    buf_put(&out, checkpoint->origin);
    buf_put_char(&out, '\n');
    buf_put_u64(&out, checkpoint->size);
    buf_put_char(&out, '\n');
    base64_put(&out, merkle_str(&checkpoint->root));
    buf_put_char(&out, '\n');
    moment_format_instant(checkpoint->at_us, at);
    buf_put(&out, time_word);
    buf_put(&out, str_from(at));
    buf_put_char(&out, '\n');
    return buf_str(&out);
}

bool checkpoint_read(Arena *a, Str text, Checkpoint *out)
{
    Str    size, root, line;
    Moment at;

    *out = (Checkpoint){ 0 };
    if (!str_cut(text, '\n', &out->origin, &text) || !out->origin.len
        || !str_cut(text, '\n', &size, &text) || !str_to_u64(size, &out->size)
        || !str_cut(text, '\n', &root, &text) || !base64_read(a, root, &root)
        || root.len != SHA256_BYTES)
        return false;
    memcpy(out->root.bytes, root.at, SHA256_BYTES);
    while (str_cut(text, '\n', &line, &text))
        if (str_starts(line, time_word)
            && moment_parse(str_skip(line, time_word.len), MOMENT_INSTANT, &at))
            out->at_us = at.low;
    return true;
}
