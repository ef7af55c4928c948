/* Signed tokens and keys: what is read is checked with what is read, and nothing that no key
 * signed is good. A line break parts a token from the keys. */
#include "fuzz/fuzz.h"

#include "base/call.h"
#include "base/ensure.h"
#include "codec/jose.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static Arena *a;
    Str           token = { (const char *)bytes, size }, keys = token;
    Call          call;
    Jws           jws;
    JwkSet        set = { 0 };
    int64_t       seconds;

    if (!a)
        a = arena_create((size_t)64 << 20);
    arena_reset(a);
    call_begin(&call, a);
    (void)str_cut(token, '\n', &token, &keys);
    if (jwk_set_read(&call, keys, &set) != OK)
        set = (JwkSet){ 0 };
    if (jws_read(&call, token, &jws) != OK)
        return 0;
    ENSURE(jws.algorithm == SIGN_RS384 || jws.algorithm == SIGN_ES384);
    (void)jws_claim_time(&jws, "exp", &seconds);
    if (jws_verify(&set, &jws))
        ENSURE(jwk_set_has(&set, &jws));
    return 0;
}
