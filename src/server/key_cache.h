/*
 * Keys of clients, fetched from where they were registered to be, and kept for as long as they
 * may be (RFC 9111; at most a day, an hour where nothing is said). Nobody can make us fetch much:
 * an address is asked at most once in some seconds, whatever comes in.
 */
#ifndef SERVER_KEY_CACHE_H
#define SERVER_KEY_CACHE_H

#include "access/client_proof.h"

/* A KeySource; its context is a ReplyContext. FAIL_BUSY while another call fetches them;
 * FAIL_NOT_FOUND, FAIL_FORBIDDEN where they cannot be had. */
Fail key_cache_get(void *context, Call *c, Str uri, bool anew, Str *keys) MUST_USE;

#endif
