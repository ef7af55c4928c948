/* Files that commands read whole. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include "base/call.h"

/* All of a file, or of standard input for "-", up to LIMIT_BUNDLE_BODY_BYTES. */
Fail file_read(Call *c, const char *name, Str *out) MUST_USE;

/* Whether it begins as XML does, white space and a byte order mark aside. */
bool file_is_xml(Str bytes);

#endif
