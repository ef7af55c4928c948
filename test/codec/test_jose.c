/* Signed tokens and keys as openssl made them, and what is not to be believed. */
#include "codec/base64.h"
#include "codec/jose.h"
#include "test/unit.h"

static const Str keys =
    STR_INIT("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"jrhygASG-FNRmCYGhgz00CiijqWV4CPrgwK2fbaav67M"
             "T3Ks7JGPPNwRX73gBb2N5nekYov2R0v9uCOuOz7Ub3AEyJvUU0VOFXhB4lroYEcvN_x4Y2QYbysHsc7r"
             "W8vq5jjBypnMzoj1IGcM9J9IKxHUlyEc7oOxPuL5utyX9E8FW5Z10b1DmpUS4_RT_vHzpg0nrpDbXmsc"
             "aN63m9D2lQmBUWNGW6ufNDc742EFuWNm870HK4CgfELPNHGRxKLGDTwZnrufULPz2FwfQ4NT4ADHx2-n"
             "XGyLelnrKTaSXK8LWXVPOjA9ngVEmjEv0M3Azywb7RlUeUV4IJ5fgHIKQw\",\"e\":\"AQAB\",\"ki"
             "d\":\"rsa\",\"use\":\"sig\"},{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"IfAsvEj4C"
             "z5XA6IZVW5o5A1mSUAY6rJ3Zls8dhQmL5Ea2BqZeasvMWeQ9qMCXp6_\",\"y\":\"qRFxPQ04-R-QWV"
             "VqeRWIM2riK_ulLcXN3fWAQJRwrmbzVm5oMXbEceqZ-YJZjhjJ\",\"kid\":\"ec\",\"use\":\"si"
             "g\"}]}");

static const Str rsa_token =
    STR_INIT("eyJhbGciOiAiUlMzODQiLCAidHlwIjogIkpXVCIsICJraWQiOiAicnNhIn0.eyJpc3MiOiAiY2xpZW50"
             "IiwgInN1YiI6ICJjbGllbnQiLCAiYXVkIjogImh0dHBzOi8vZWhyLmV4YW1wbGUvb2F1dGgyL3Rva2Vu"
             "IiwgImV4cCI6IDE5MDAwMDAwMDAsICJqdGkiOiAiMSJ9.d5B4s9biSF4-62UeioeqlZVdcLWxilWIjso"
             "lWsumrFKiSD_x0E9b8T1QcnI0SWXqQwzBVRb89umdW70OKj1h_8-CQNSnmECOB5htjLH_i0aH8qox_8b"
             "fzromWc9hkA_57zjY-k2cg0-Llh--pBqgkTmAv5s5yfzxpOLfllVgKXilMn1l-FNhIuV_huB4iuBCwI_"
             "E0ogl5n1hbc02rVE4dkmN1IMpna5ti3pGdeJ4mzMyflTFpOVKfxcvYipLxIvlMfeF-rU5Ytff0HQclFO"
             "9IaEUiKRmetOayNK_1EHil1nhpmRrIkkN5qAi2yRyrM4oHX3OqENeVCg37LlPMXZkow");

static const Str ec_token =
    STR_INIT("eyJhbGciOiAiRVMzODQiLCAidHlwIjogIkpXVCIsICJraWQiOiAiZWMifQ.eyJpc3MiOiAiY2xpZW50I"
             "iwgInN1YiI6ICJjbGllbnQiLCAiYXVkIjogImh0dHBzOi8vZWhyLmV4YW1wbGUvb2F1dGgyL3Rva2VuI"
             "iwgImV4cCI6IDE5MDAwMDAwMDAsICJqdGkiOiAiMSJ9.XmV8JGuhTYYmGKvd2jmq4l9x5zYuoxxWBIp4"
             "1XWQM0ZE-MLPBTnFhtb7N0NqgNbMpNeTRskSwe0ImHZ0_WKTYn9DD_oCxWhgN5fRMX1iKKTDGzCpm664"
             "ueGVKBn6Qorf");

static JwkSet read_keys(void)
{
    JwkSet set = { 0 };

    CHECK(jwk_set_read(unit_call(), keys, &set) == OK && set.count == 2);
    return set;
}

TEST(tokens_made_by_openssl_are_good)
{
    const Str tokens[] = { rsa_token, ec_token };
    JwkSet    set = read_keys();
    int64_t   ends_s;

    for (size_t i = 0; i < COUNT(tokens); i++) {
        Jws jws;

        REQUIRE(jws_read(unit_call(), tokens[i], &jws) == OK);
        CHECK(jwk_set_has(&set, &jws));
        CHECK(jws_verify(&set, &jws));
        CHECK(str_equal(jws_claim(&jws, "iss"), STR("client")));
        CHECK(jws_claim_time(&jws, "exp", &ends_s) && ends_s == 1900000000);
        CHECK(!jws_claim_time(&jws, "iss", &ends_s) && !jws_claim_time(&jws, "iat", &ends_s));
    }
}

TEST(a_token_with_one_bit_changed_is_not)
{
    const Str tokens[] = { rsa_token, ec_token };
    JwkSet    set = read_keys();

    for (size_t i = 0; i < COUNT(tokens); i++)
        for (size_t at = 0; at < tokens[i].len; at += 7) {
            Str   text = arena_str(unit_call()->arena, tokens[i]);
            char *changed = (char *)(uintptr_t)text.at;
            Jws   jws;

            changed[at] = changed[at] == 'A' ? 'B' : 'A';
            CHECK(jws_read(unit_call(), text, &jws) != OK || !jws_verify(&set, &jws));
        }
}

TEST(the_key_must_be_the_one_that_the_kid_names)
{
    JwkSet set = read_keys();
    Jws    jws;

    REQUIRE(jws_read(unit_call(), rsa_token, &jws) == OK);
    set.keys[0].kid = STR("other");
    CHECK(!jwk_set_has(&set, &jws) && !jws_verify(&set, &jws));
    set.keys[1].kid = STR("rsa");
    CHECK(!jws_verify(&set, &jws));
}

TEST(our_own_tokens_say_how_they_can_be_checked)
{
    Arena *a = unit_call()->arena;
    Str    secret = private_key_make(a), text, before, signature, bytes;
    PublicKey public;
    Buf key = buf_new(a, 512);

    REQUIRE(jws_sign(a, secret, STR("one"), STR("{\"sub\":\"x\"}"), &text));
    REQUIRE(private_key_public(a, secret, &public) && public_key_good(&public));
    REQUIRE(str_cut_last(text, '.', &before, &signature));
    REQUIRE(base64_read_url(a, signature, &bytes));
    CHECK(public_key_verify(&public, SIGN_RS256, before, bytes));
    CHECK(!public_key_verify(&public, SIGN_RS384, before, bytes));
    CHECK(jwk_put(&key, secret, STR("one")));
    CHECK(str_find(buf_str(&key), STR("\"d\"")) < 0);
    CHECK(!jws_sign(a, STR("no key"), STR("one"), STR("{}"), &text));
}

TEST(base64url_has_one_text_for_one_value)
{
    static const char *const wrong[] = { "AB", "AB=", "AB==", "A", "A B", "AA+", "AA/", "AAB" };
    Str                      out;

    for (size_t i = 0; i < COUNT(wrong); i++)
        CHECK(!base64_read_url(unit_call()->arena, str_from(wrong[i]), &out));
    CHECK(base64_read_url(unit_call()->arena, STR("_-8"), &out)
          && str_equal(out, STR("\xff\xef")));
    CHECK(base64_read_url(unit_call()->arena, STR(""), &out) && out.len == 0);
}
