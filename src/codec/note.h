/*
 * Signed notes (c2sp.org/signed-note) with Ed25519, and what is signed with them: checkpoints of
 * a log (c2sp.org/tlog-checkpoint), whose extension line gives the time.
 */
#ifndef CODEC_NOTE_H
#define CODEC_NOTE_H

#include "codec/merkle.h"

enum { NOTE_SEED_BYTES = ED25519_SEED_BYTES, NOTE_PUBLIC_BYTES = ED25519_PUBLIC_BYTES };

/* Who signs: a name without spaces and plus signs, and the key. */
typedef struct NoteSigner {
    Str     name;
    uint8_t seed[NOTE_SEED_BYTES]; /* secret */
    uint8_t public[NOTE_PUBLIC_BYTES];
} NoteSigner;

/* Works out the public key that belongs to a seed. */
void note_signer_make(NoteSigner *signer, Str name, const uint8_t seed[NOTE_SEED_BYTES]);

/* The public key as witnesses are given it: "name+id+base64". */
Str note_verifier(Arena *a, const NoteSigner *signer);

/* The text, which ends in a newline, with the signature behind it. */
Str note_sign(Arena *a, const NoteSigner *signer, Str text);

/* The text of a note that the signer has signed; others' signatures on it are passed over. False
 * if there is none of the signer's that is right. Only the public key is used. */
bool note_open(Arena *a, const NoteSigner *signer, Str note, Str *text);

/* The text of a note, whoever signed it; false if it is not a note. */
bool note_text(Str note, Str *text);

typedef struct Checkpoint {
    Str        origin;
    uint64_t   size;
    MerkleHash root;
    int64_t    at_us; /* to the second; 0: not told */
} Checkpoint;

Str  checkpoint_format(Arena *a, const Checkpoint *checkpoint);
bool checkpoint_read(Arena *a, Str text, Checkpoint *out);

#endif
