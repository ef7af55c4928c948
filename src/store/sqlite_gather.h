/*
 * A file system between the ciphers' and the system's, for the writer: what one commit appends to
 * the log goes to the system in a few large writes instead of two small ones for each page.
 */
#ifndef STORE_SQLITE_GATHER_H
#define STORE_SQLITE_GATHER_H

/* The name of such a file system over `parent` (NULL: the system's), registered with SQLite when
 * it is asked for first. NULL if there is no such parent, or no memory. */
const char *sqlite_gather_over(const char *parent);

#endif
