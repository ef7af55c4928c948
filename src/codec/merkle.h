/*
 * The hash tree of RFC 6962 2.1 over SHA-256, grown leaf by leaf, with the hashes that the tiles
 * of c2sp.org/tlog-tiles hold: those of the perfect subtrees whose height is a multiple of eight.
 */
#ifndef CODEC_MERKLE_H
#define CODEC_MERKLE_H

#include "codec/digest.h"

enum {
    MERKLE_TILE_WIDTH = 256,
    MERKLE_TILE_HEIGHT = 8,
    MERKLE_HEIGHTS = 64,
    MERKLE_LEVELS = MERKLE_HEIGHTS / MERKLE_TILE_HEIGHT,
};

typedef struct MerkleHash {
    uint8_t bytes[SHA256_BYTES];
} MerkleHash;

static inline Str merkle_str(const MerkleHash *hash)
{
    return (Str){ (const char *)hash->bytes, SHA256_BYTES };
}

/* Hashes of one entry, and of two neighbours. The digest is the caller's, to save its making. */
MerkleHash merkle_leaf(Digest *d, Str entry);
MerkleHash merkle_node(Digest *d, const MerkleHash *left, const MerkleHash *right);

/* Root of `count` neighbours that are all of one height; count is at least 1, and needs not be a
 * power of two. Works in `hashes`, which it leaves changed. */
MerkleHash merkle_fold(Digest *d, MerkleHash *hashes, size_t count);

typedef struct MerkleTree {
    Digest  *digest;
    uint64_t size; /* leaves */
    MerkleHash
        edge[MERKLE_HEIGHTS]; /* of the subtree of height h, where bit h of size is set */
    /* Told of each hash that belongs in a tile, in order for each level; NULL: nobody. */
    void (*tile_hash)(void *context, unsigned level, uint64_t index, const MerkleHash *hash);
    void *context;
} MerkleTree;

void merkle_add(MerkleTree *tree, const MerkleHash *leaf);

/* Of the empty tree: the digest of nothing. */
MerkleHash merkle_root(const MerkleTree *tree);

/* The ranges of leaves whose roots prove that the leaf `index` is in a tree of `size`, nearest to
 * the leaf first (RFC 6962 2.1.1). Returns their number, at most MERKLE_HEIGHTS. */
typedef struct MerkleRange {
    uint64_t from, to;
} MerkleRange;

size_t merkle_path(uint64_t index, uint64_t size, MerkleRange out[MERKLE_HEIGHTS]);

/* The root that such a proof leads to (RFC 9162 2.1.3.2); false if it is too short or too long. */
bool merkle_prove(Digest *d, uint64_t index, uint64_t size, const MerkleHash *leaf,
                  const MerkleHash *proof, size_t count, MerkleHash *root);

#endif
