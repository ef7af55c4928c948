/* Signed notes and checkpoints: what is read as a checkpoint says the same when it is written. */
#include "fuzz/fuzz.h"

#include "base/ensure.h"
#include "codec/note.h"

static void check_checkpoint(Arena *a, Str text)
{
    Checkpoint read, again;

    if (!checkpoint_read(a, text, &read))
        return;
    ENSURE(checkpoint_read(a, checkpoint_format(a, &read), &again));
    ENSURE(str_equal(again.origin, read.origin) && again.size == read.size);
    ENSURE(memcmp(&again.root, &read.root, sizeof read.root) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint8_t seed[NOTE_SEED_BYTES] = { 1 };
    static Arena        *a;
    Str                  note = { (const char *)bytes, size }, text;
    NoteSigner           signer;

    if (!a)
        a = arena_create((size_t)64 << 20);
    arena_reset(a);
    note_signer_make(&signer, STR("hale/example"), seed);
    if (note_text(note, &text))
        check_checkpoint(a, text);
    if (note_open(a, &signer, note, &text))
        check_checkpoint(a, text);
    check_checkpoint(a, note);
    return 0;
}
