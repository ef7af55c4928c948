/* Hash trees: see merkle.h. */
#include "codec/merkle.h"

#include "base/ensure.h"

MerkleHash merkle_leaf(Digest *d, Str entry)
{
    MerkleHash out;

    digest_again(d);
    digest_add(d, (Str){ "\x00", 1 });
    digest_add(d, entry);
    digest_end(d, out.bytes);
    return out;
}

MerkleHash merkle_node(Digest *d, const MerkleHash *left, const MerkleHash *right)
{
    char       both[1 + 2 * SHA256_BYTES] = { 1 };
    MerkleHash out;

    memcpy(both + 1, left->bytes, SHA256_BYTES);
    memcpy(both + 1 + SHA256_BYTES, right->bytes, SHA256_BYTES);
    digest_again(d);
    digest_add(d, (Str){ both, sizeof both });
    digest_end(d, out.bytes);
    return out;
}

/* A last one without neighbour goes up as it is: so it stands where RFC 6962 splits. */
MerkleHash merkle_fold(Digest *d, MerkleHash *hashes, size_t count)
{
    ENSURE(count > 0);
    while (count > 1) {
        size_t above = 0;

        for (size_t i = 0; i + 1 < count; i += 2)
            hashes[above++] = merkle_node(d, &hashes[i], &hashes[i + 1]);
        if (count % 2)
            hashes[above++] = hashes[count - 1];
        count = above;
    }
    return hashes[0];
}

static void tell(const MerkleTree *t, unsigned height, uint64_t index, const MerkleHash *hash)
{
    if (t->tile_hash && height % MERKLE_TILE_HEIGHT == 0)
        t->tile_hash(t->context, height / MERKLE_TILE_HEIGHT, index, hash);
}

/* As in counting: two subtrees of one height become one of the next. */
void merkle_add(MerkleTree *t, const MerkleHash *leaf)
{
    MerkleHash hash = *leaf;
    unsigned   height = 0;

    tell(t, 0, t->size, &hash);
    for (; t->size >> height & 1; height++) {
        hash = merkle_node(t->digest, &t->edge[height], &hash);
        tell(t, height + 1, t->size >> (height + 1), &hash);
    }
    t->edge[height] = hash;
    t->size++;
}

MerkleHash merkle_root(const MerkleTree *t)
{
    MerkleHash root;
    bool       any = false;

    if (t->size == 0)
        digest_sha256(STR(""), root.bytes);
    for (unsigned height = 0; height < MERKLE_HEIGHTS; height++) {
        if (!(t->size >> height & 1))
            continue;
        root = any ? merkle_node(t->digest, &t->edge[height], &root) : t->edge[height];
        any = true;
    }
    return root;
}

/* The largest power of two below n, which is at least 2. */
static uint64_t split(uint64_t n)
{
    return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

size_t merkle_path(uint64_t index, uint64_t size, MerkleRange out[MERKLE_HEIGHTS])
{
    MerkleRange down[MERKLE_HEIGHTS];
    uint64_t    from = 0, to = size;
    size_t      count = 0;

    ENSURE(index < size);
    while (to - from > 1) {
        uint64_t middle = from + split(to - from);

        if (index < middle) {
            down[count++] = (MerkleRange){ middle, to };
            to = middle;
        } else {
            down[count++] = (MerkleRange){ from, middle };
            from = middle;
        }
    }
    for (size_t i = 0; i < count; i++)
        out[i] = down[count - 1 - i];
    return count;
}

bool merkle_prove(Digest *d, uint64_t index, uint64_t size, const MerkleHash *leaf,
                  const MerkleHash *proof, size_t count, MerkleHash *root)
{
    MerkleRange ranges[MERKLE_HEIGHTS];

    if (index >= size || merkle_path(index, size, ranges) != count)
        return false;
    *root = *leaf;
    for (size_t i = 0; i < count; i++)
        *root = ranges[i].from > index ? merkle_node(d, root, &proof[i])
                                       : merkle_node(d, &proof[i], root);
    return true;
}
