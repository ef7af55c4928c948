/*
 * The elements of a snapshot while it is made: a list in the order of the snapshot, of which each
 * is what several ElementDefinitions say one after the other. For the files snapshot*.c.
 */
#ifndef FHIR_SNAPSHOT_LIST_H
#define FHIR_SNAPSHOT_LIST_H

#include "base/buf.h"
#include "fhir/snapshot.h"

/* An ElementDefinition as one definition has it. */
typedef struct Piece Piece;
struct Piece {
    const Json  *json;
    uint32_t     at;
    const Piece *before; /* what was said before it, and is overruled by it */
    Str          source; /* url of the definition */
};

typedef struct SnapshotElement {
    Str          id, path, slice;
    const Piece *pieces;    /* the last of them */
    Str          type_only; /* of a choice or a slice of it: the type that its name says … */
    const Piece *narrowed;  /* … unless a piece before this one says it */
    uint32_t     content;   /* whose children it has, by content reference; 0 for none */
    uint32_t     next;      /* in order; 0 at the end */
    const Piece
        *inherited;       /* of a slice that is new: from here on, what is said of what it is a
                               slice of. Slicing and minimum of that are not its own */
    bool by_url, by_type; /* sliced without a word about how */
} SnapshotElement;

typedef struct SnapshotList {
    Call            *call;
    SnapshotElement *at; /* at[0] is the root */
    uint32_t         count, room;
} SnapshotList;

/* The number of a new element behind `after`; of the first one 0. */
uint32_t snapshot_list_add(SnapshotList *l, uint32_t after, SnapshotElement element);

/* The element of that id. False if there is none. */
bool snapshot_list_find(const SnapshotList *l, Str id, uint32_t *out);

/* Whether `id` is inside the element `of`, below it or (`slices`) in one of its slices. */
bool snapshot_id_within(Str id, Str of, bool slices);

/* The last element in or below `number`, or in one of its slices. */
uint32_t snapshot_list_last(const SnapshotList *l, uint32_t number, bool slices);

/* What stands in the member that the pieces say last; false if none says it. */
typedef struct PieceValue {
    const Json *json;
    uint32_t    at;
} PieceValue;

bool snapshot_piece_value(const Piece *piece, Str key, PieceValue *out);

/* Appends the ElementDefinition that the pieces come to. */
void snapshot_put_element(const SnapshotList *l, const SnapshotElement *e, Buf *out);

#endif
