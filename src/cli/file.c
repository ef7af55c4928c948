/* Reading files whole: see file.h. */
#include "cli/file.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/limits.h"

Fail file_read(Call *c, const char *name, Str *out)
{
    bool  input = strcmp(name, "-") == 0;
    FILE *file = input ? stdin : fopen(name, "rb");
    Buf   text = buf_new(c->arena, 64 * 1024);
    Fail  result = OK;

    if (!file)
        return fail(c, FAIL_NOT_FOUND, (Str){ 0 }, "%s cannot be opened", name);
    for (size_t got = 1; got && result == OK;) {
        got = fread(buf_reserve(&text, 64 * 1024), 1, 64 * 1024, file);
        text.len += got;
        if (text.len > LIMIT_BUNDLE_BODY_BYTES)
            result = fail(c, FAIL_TOO_LARGE, (Str){ 0 }, "%s is larger than %d bytes", name,
                          LIMIT_BUNDLE_BODY_BYTES);
    }
    if (ferror(file) && result == OK)
        result = fail(c, FAIL_SYSTEM, (Str){ 0 }, "%s cannot be read", name);
    if (!input)
        fclose(file);
    *out = buf_str(&text);
    return result;
}

bool file_is_xml(Str bytes)
{
    if (str_starts(bytes, STR("\xEF\xBB\xBF")))
        bytes = str_skip(bytes, 3);
    return str_starts(str_trim(bytes), STR("<"));
}
