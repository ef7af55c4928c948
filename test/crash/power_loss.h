/*
 * Disks as a power loss may leave them. Walks through a recording and, at any event, writes a
 * folder that could be found after the power failed there: what was synced is there; each
 * sector written since is there, is not, or is rubbish (no power-safe overwrite is assumed: a
 * sector that was only partly written may be rubbish as a whole); truncates happened or did not; names that
 * were not made safe by a sync of the folder may be missing, deleted names may be back.
 */
#ifndef TEST_CRASH_POWER_LOSS_H
#define TEST_CRASH_POWER_LOSS_H

#include "test/crash/dice.h"
#include "test/crash/recording_vfs.h"

/* How the disk lies about syncs: to see that the tests would notice. */
typedef enum Lie {
    LIE_NONE,
    LIE_EVERY_SEVENTH, /* one sync in seven does nothing */
    LIE_AS_NORMAL, /* the log is synced only before a checkpoint, as synchronous=NORMAL does */
    LIE_ALWAYS,    /* as synchronous=OFF */
} Lie;

typedef struct PowerLoss PowerLoss;

/* Random events to lose power before, in the order of time. */
size_t *power_loss_points(Arena *a, const Recording *r, Dice *dice, size_t count);

/* Stands before the first event. */
PowerLoss *power_loss_new(const Recording *r, Lie lie);
void       power_loss_free(PowerLoss *p);

/* Goes on to stand before event `to`; never back. */
void power_loss_advance(PowerLoss *p, size_t to);

/* Writes the folder (which is there, and empty but for files that are not recorded). */
void power_loss_write(PowerLoss *p, Dice *dice, Str folder);

/* What of that file is safe now; for a failed sync, which throws the rest away. */
Str power_loss_safe(const PowerLoss *p, uint32_t file);

/* The number of syncs that were ignored because of the lie. */
uint64_t power_loss_lies(const PowerLoss *p);

#endif
