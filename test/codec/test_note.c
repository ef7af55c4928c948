/* Signed notes: one that others published, our own, and what is not to be believed. */
#include "codec/base64.h"
#include "codec/note.h"
#include "test/unit.h"

/* The example of the specification's first implementation (golang.org/x/mod/sumdb/note). */
static const Str published = STR_INIT(
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
    "qdngotpRZb6KE6RyyBwJnAM=\n");

static NoteSigner published_signer(void)
{
    NoteSigner signer = { .name = STR("PeterNeumann") };
    Str        key;

    CHECK(base64_read(unit_call()->arena, STR("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"),
                      &key));
    memcpy(signer.public, key.at + 1, NOTE_PUBLIC_BYTES);
    return signer;
}

static NoteSigner own_signer(uint8_t first)
{
    uint8_t    seed[NOTE_SEED_BYTES] = { first };
    NoteSigner signer;

    note_signer_make(&signer, STR("hale/example"), seed);
    return signer;
}

TEST(a_published_note_is_opened)
{
    NoteSigner signer = published_signer();
    Str        text;

    REQUIRE(note_open(unit_call()->arena, &signer, published, &text));
    CHECK(str_ends(text, STR("what your problem is.\n")));
    CHECK_STR(note_verifier(unit_call()->arena, &signer),
              STR("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"));
}

TEST(a_note_changed_anywhere_in_its_text_is_refused)
{
    NoteSigner signer = published_signer();
    Arena     *a = unit_call()->arena;
    Str        text;

    for (size_t i = 0; i < 98; i++) {
        char *changed = (char *)arena_str(a, published).at;

        changed[i] ^= 1;
        CHECK(!note_open(a, &signer, (Str){ changed, published.len }, &text));
    }
}

TEST(a_note_of_our_own_is_opened_among_other_signatures)
{
    Arena     *a = unit_call()->arena;
    NoteSigner ours = own_signer(1), other = own_signer(2);
    Str        note = note_sign(a, &ours, STR("one\n\ntwo\n")), text, line;
    Str        foreign = note_sign(a, &other, STR("one\n\ntwo\n"));

    REQUIRE(note_open(a, &ours, note, &text));
    CHECK_STR(text, STR("one\n\ntwo\n"));
    CHECK(!note_open(a, &other, note, &text));
    line = str_skip(foreign, text.len + 1);
    note = arena_printf(a, "%.*s%.*s", STR_ARG(note), STR_ARG(line));
    CHECK(note_open(a, &ours, note, &text));
    CHECK(note_open(a, &other, note, &text));
}

TEST(what_is_not_a_note_is_refused)
{
    static const char *const bad[] = {
        "",    "\n", "text\n", "text\n\n", "text\n\nname AAAA\n", "text\n\n\xe2\x80\x94 name\n",
        "text"
    };
    NoteSigner signer = own_signer(1);
    Str        text;

    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!note_open(unit_call()->arena, &signer, str_from(bad[i]), &text));
}

TEST(a_checkpoint_is_read_as_it_was_written)
{
    Arena     *a = unit_call()->arena;
    Checkpoint made = { STR("hale/x"), 70000, { { 1, 2, 3 } }, 1763815891000000 }, back;
    Str        text = checkpoint_format(a, &made);

    REQUIRE(checkpoint_read(a, text, &back));
    CHECK_STR(back.origin, made.origin);
    CHECK_INT(back.size, made.size);
    CHECK_INT(back.at_us, made.at_us);
    CHECK(memcmp(&back.root, &made.root, sizeof made.root) == 0);
    for (size_t len = 0; len < 6 + 1 + 6 + 44; len++)
        CHECK(!checkpoint_read(a, str_slice(text, 0, len), &back));
}
