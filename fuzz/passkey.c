/* What authenticators send: nothing is read beyond the end, and what is found lies inside. */
#include "fuzz/fuzz.h"

#include "access/passkey.h"
#include "base/ensure.h"
#include "codec/cbor_read.h"
#include "codec/digest_cose.h"

static void ensure_inside(Str part, Str whole)
{
    ENSURE(!part.at || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len));
}

static void check_auth_data(Str bytes)
{
    AuthData data;
    CoseKey  key;
    Str      rest;

    if (!auth_data_read(bytes, &data))
        return;
    ENSURE(bytes.len >= 37);
    ensure_inside(data.id, bytes);
    ensure_inside(data.key, bytes);
    ENSURE(!(data.flags & AUTH_KEY) == (data.key.len == 0));
    rest = data.key;
    if (!data.key.len || !cose_key_read(&rest, &key))
        return;
    ENSURE(rest.len == 0);
    (void)cose_key_good(&key);
    ENSURE(!cose_verify(&key, STR("text"), STR("not a signature")));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Str whole = { (const char *)bytes, size }, rest = whole, data;

    if (attestation_read(whole, &data)) {
        ensure_inside(data, whole);
        ENSURE(cbor_read_skip(&rest) && rest.len == 0);
        check_auth_data(data);
    }
    check_auth_data(whole);
    return 0;
}
