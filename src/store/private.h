/*
 * Whether anything here is private (fhir/privacy.h): as long as nothing is, nobody's permit has a row for
 * it. Known in memory; once true it stays so. A permit that was made before is not good any more.
 */
#ifndef STORE_PRIVATE_H
#define STORE_PRIVATE_H

#include "store/writer.h"

/* For a store that is being opened. */
Fail private_load(Call *c, Store *s, Db *db) MUST_USE;

/* Before the commit of something that is. */
void private_notice(Store *s);

/* FAIL_STALE where the permit was made when nothing was private yet, and something is now. */
Fail private_check_permit(Call *c, const Store *s, const Permit *permit) MUST_USE;

#endif
