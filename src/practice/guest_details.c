/* What a visitor types about themselves: see guest.h. */
#include "base/limits.h"
#include "codec/json.h"
#include "practice/guest.h"
#include "practice/till.h"
#include "store/outbox.h"

enum { NAME_BYTES_MAX = 100, YEARS_MAX = 130 };

Str guest_phone(Call *c, Str typed)
{
    Buf  digits = buf_new(c->arena, 32);
    bool international = str_starts(str_trim(typed), STR("+"));

    for (size_t i = 0; i < typed.len; i++)
        if (typed.at[i] >= '0' && typed.at[i] <= '9')
            buf_put_char(&digits, typed.at[i]);
    if (international || (digits.len == 11 && digits.at[0] == '1'))
        return arena_printf(c->arena, "+%.*s", STR_ARG(buf_str(&digits)));
    if (digits.len == 10) /* the North American plan */
        return arena_printf(c->arena, "+1%.*s", STR_ARG(buf_str(&digits)));
    return typed;
}

static bool is_name(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < ' ' || strchr("<>{}\\", s.at[i]))
            return false;
    return s.len > 0 && s.len <= NAME_BYTES_MAX;
}

static bool is_birth(const Call *c, Str s)
{
    Moment moment;

    return s.len == 10 && moment_parse(s, MOMENT_DATE, &moment) && moment.low <= c->now_us
           && moment.low > c->now_us - YEARS_MAX * INT64_C(366) * 24 * 3600 * 1000000;
}

static void set(const char *fault[2], const char *english, const char *french)
{
    fault[0] = english;
    fault[1] = french;
}

bool guest_details_check(Call *c, const GuestDetails *d, GuestFaults *out)
{
    *out = (GuestFaults){ 0 };
    if (!is_name(d->given))
        set(out->given, "Write your first name.", "Indiquez votre prénom.");
    if (!is_name(d->family))
        set(out->family, "Write your last name.", "Indiquez votre nom de famille.");
    if (!is_birth(c, d->birth))
        set(out->birth, "Write the date as 1980-12-31.", "Écrivez la date ainsi : 1980-12-31.");
    if (d->mail.len ? !outbox_address_fits(OUTBOX_MAIL, d->mail) : !d->by_phone)
        set(out->mail, "This is no e-mail address. It looks like name@example.org.",
            "Ce n’est pas une adresse courriel. Exemple : nom@exemple.org.");
    if (d->phone.len ? !outbox_address_fits(OUTBOX_SMS, d->phone) : d->by_phone)
        set(out->phone, "This is no phone number. It looks like 416-555-0100.",
            "Ce n’est pas un numéro de téléphone. Exemple : 416-555-0100.");
    return !out->given[0] && !out->family[0] && !out->birth[0] && !out->mail[0]
           && !out->phone[0];
}

Str guest_details_write(Call *c, const GuestDetails *d)
{
    return till_json_text(c->arena,
                          "{'given':$s,'family':$s,'birth':$s,'mail':$s,'phone':$s,'by':$s,"
                          "'language':$s}",
                          d->given, d->family, d->birth, d->mail, d->phone,
                          d->by_phone ? STR("phone") : STR("mail"),
                          d->french ? STR("fr") : STR("en"));
}

GuestDetails guest_details_read(Call *c, Str text)
{
    uint32_t issues = c->issue_count;
    Json     json;

    if (text.len == 0 || json_parse(c, text, 64, &json) != OK) {
        call_forget_issues(c, issues);
        return (GuestDetails){ 0 };
    }
    return (GuestDetails){
        .given = json_member_text(&json, 0, STR("given")),
        .family = json_member_text(&json, 0, STR("family")),
        .birth = json_member_text(&json, 0, STR("birth")),
        .mail = json_member_text(&json, 0, STR("mail")),
        .phone = json_member_text(&json, 0, STR("phone")),
        .by_phone = str_equal(json_member_text(&json, 0, STR("by")), STR("phone")),
        .french = str_equal(json_member_text(&json, 0, STR("language")), STR("fr")),
    };
}
