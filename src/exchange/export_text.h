/* How versions and audit records are written in an export, and read back. */
#ifndef EXCHANGE_EXPORT_TEXT_H
#define EXCHANGE_EXPORT_TEXT_H

#include "codec/json.h"
#include "store/store.h"

/* One version as an entry of a history Bundle says it:
 * {"resource":{…},"request":{"method":…,"url":…},"response":{"status":…,"etag":…,"lastModified":…}} */
Str export_version_line(Arena *a, const Version *v);

/* The same read again; body is what stands in the line. FAIL_SYNTAX, FAIL_VALUE. */
Fail export_version_read(Call *c, Str line, Version *out) MUST_USE;

/* The names of those who hold grants, so that an audit record can say who it was. `lasting` is
 * another arena than the call's, which is wound back between grants. */
typedef struct GrantNames GrantNames;

Fail grant_names_load(Call *c, Session *s, Arena *lasting, const GrantNames **out) MUST_USE;

/* Empty where nobody is known by that number. */
Str grant_name(const GrantNames *names, uint32_t grant);

/* One audit record: {"at":…,"grant":…,"name":…,"interaction":…,"outcome":…,"status":…,…} */
Str  export_audit_line(Arena *a, const GrantNames *names, const AuditRecord *r);
Fail export_audit_read(Call *c, Str line, AuditRecord *out) MUST_USE;

/* One grant, without anything that could be used as a token. Read again, it is revoked. */
Str  export_grant_line(Arena *a, const Grant *grant);
Fail export_grant_read(Call *c, Str line, Grant *out) MUST_USE;

extern const Str export_readme;

#endif
