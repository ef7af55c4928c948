/* Hash trees against the published roots of eight entries, and against the recursive definition
 * of RFC 6962 2.1 for every size up to a few hundred. */
#include "codec/merkle.h"
#include "test/unit.h"

static Str hex(const MerkleHash *hash)
{
    return arena_printf(unit_call()->arena, "%02x%02x%02x%02x%02x%02x%02x%02x", hash->bytes[0],
                        hash->bytes[1], hash->bytes[2], hash->bytes[3], hash->bytes[28],
                        hash->bytes[29], hash->bytes[30], hash->bytes[31]);
}

TEST(roots_are_those_that_others_publish)
{
    static const Str entries[] = {
        STR_INIT(""),
        STR_INIT("\x00"),
        STR_INIT("\x10"),
        STR_INIT("\x20\x21"),
        STR_INIT("\x30\x31"),
        STR_INIT("\x40\x41\x42\x43"),
        STR_INIT("\x50\x51\x52\x53\x54\x55\x56\x57"),
        STR_INIT("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"),
    };
    static const char *const roots[] = {
        "e3b0c4427852b855", "6e340b9c17afa01d", "fac5420300e3c125",
        "aeb6bcfe29e06e77", "d37ee418209614b7", "4e3bbb1fa86264d4",
        "76e67dad7f2087ef", "ddb89be494a74c8c", "5dc9da79f4604328",
    };
    MerkleTree tree = { .digest = digest_new(unit_call()->arena) };

    for (size_t i = 0; i <= COUNT(entries); i++) {
        MerkleHash root = merkle_root(&tree), leaf;

        CHECK_STR(hex(&root), str_from(roots[i]));
        if (i == COUNT(entries))
            break;
        leaf = merkle_leaf(tree.digest, entries[i]);
        merkle_add(&tree, &leaf);
    }
}

enum { LEAVES = 1300 };

static MerkleHash leaves[LEAVES];

static void make_leaves(Digest *d)
{
    for (int i = 0; i < LEAVES; i++)
        leaves[i] = merkle_leaf(d, arena_printf(unit_call()->arena, "entry %d", i));
}

/* As the RFC defines it. */
static MerkleHash defined(Digest *d, size_t from, size_t to)
{
    size_t     half = 1;
    MerkleHash left, right;

    if (to - from == 1)
        return leaves[from];
    while (half * 2 < to - from)
        half *= 2;
    left = defined(d, from, from + half);
    right = defined(d, from + half, to);
    return merkle_node(d, &left, &right);
}

static bool equal(const MerkleHash *a, const MerkleHash *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

TEST(a_tree_of_any_size_has_the_root_of_the_definition)
{
    Digest    *d = digest_new(unit_call()->arena);
    MerkleTree tree = { .digest = d };

    make_leaves(d);
    for (size_t i = 0; i < 300; i++) {
        MerkleHash root, expected, folded[300];

        merkle_add(&tree, &leaves[i]);
        root = merkle_root(&tree);
        expected = defined(d, 0, i + 1);
        memcpy(folded, leaves, (i + 1) * sizeof *leaves);
        CHECK(equal(&root, &expected));
        root = merkle_fold(d, folded, i + 1);
        CHECK(equal(&root, &expected));
    }
}

typedef struct Told {
    uint64_t   count[3];
    MerkleHash last[3];
    bool       in_order;
} Told;

static void note_tile(void *context, unsigned level, uint64_t index, const MerkleHash *hash)
{
    Told *t = context;

    t->in_order = t->in_order && level < 3 && index == t->count[level];
    t->count[level]++;
    t->last[level] = *hash;
}

TEST(hashes_of_tiles_are_told_level_by_level)
{
    Told       told = { .in_order = true };
    Digest    *d = digest_new(unit_call()->arena);
    MerkleTree tree = { .digest = d, .tile_hash = note_tile, .context = &told };
    MerkleHash expected;

    make_leaves(d);
    for (size_t i = 0; i < LEAVES; i++)
        merkle_add(&tree, &leaves[i]);
    CHECK(told.in_order);
    CHECK_INT(told.count[0], LEAVES);
    CHECK_INT(told.count[1], LEAVES / 256);
    CHECK_INT(told.count[2], 0);
    expected = defined(d, 1024, 1280);
    CHECK(equal(&told.last[1], &expected));
}

static size_t prove(Digest *d, size_t index, size_t size, MerkleHash *proof)
{
    MerkleRange ranges[MERKLE_HEIGHTS];
    size_t      count = merkle_path(index, size, ranges);

    for (size_t i = 0; i < count; i++)
        proof[i] = defined(d, ranges[i].from, ranges[i].to);
    return count;
}

TEST(a_proof_leads_to_the_root_and_to_no_other)
{
    Digest    *d = digest_new(unit_call()->arena);
    MerkleHash proof[MERKLE_HEIGHTS], root, expected;

    make_leaves(d);
    for (size_t size = 1; size < 40; size++)
        for (size_t index = 0; index < size; index++) {
            size_t count = prove(d, index, size, proof);

            expected = defined(d, 0, size);
            REQUIRE(merkle_prove(d, index, size, &leaves[index], proof, count, &root));
            CHECK(equal(&root, &expected));
            REQUIRE(merkle_prove(d, index, size, &leaves[index + 1], proof, count, &root));
            CHECK(!equal(&root, &expected));
            CHECK(!merkle_prove(d, index, size, &leaves[index], proof, count + 1, &root));
        }
    CHECK(!merkle_prove(d, 5, 5, &leaves[5], proof, 0, &root));
}
