/* E-mails as they travel, and the settings that say where they go out. */
#include "exchange/courier.h"
#include "exchange/mail.h"
#include "test/unit.h"

static Mail letter(void)
{
    return (Mail){ .id = STR("1@clinic.example"),
                   .from_name = STR("Clinique Élan"),
                   .from = STR("desk@clinic.example"),
                   .to = STR("ada@example.org"),
                   .subject = STR("A reminder"),
                   .body = STR("Hello\nAda\n"),
                   .at_us = 1798761600000000 };
}

static bool says(Str text, const char *what)
{
    return str_find(text, str_from(what)) >= 0;
}

TEST(a_letter_has_the_headers_that_it_must_have)
{
    Mail mail = letter();
    Str  text = mail_text(unit_call()->arena, &mail);

    CHECK(says(text, "To: ada@example.org\r\nSubject: A reminder\r\n"));
    CHECK(says(text, "Date: Fri, 01 Jan 2027 00:00:00 +0000\r\n"));
    CHECK(says(text, "Message-ID: <1@clinic.example>\r\n"));
    CHECK(says(text, "Auto-Submitted: auto-generated\r\n"));
    CHECK(says(text, "\r\n\r\nSGVsbG8NCkFkYQ0K\r\n"));
}

TEST(letters_beyond_ascii_are_in_encoded_words_of_whole_characters)
{
    Mail mail = letter();
    Str  text, line, rest;

    mail.subject = STR("Rappel : é à ü ç ô é à ü ç ô é à ü ç ô é à ü ç ô é à ü ç ô é à ü ç");
    text = mail_text(unit_call()->arena, &mail);
    CHECK(says(text, "From: =?UTF-8?B?Q2xpbmlxdWUgw4lsYW4=?=\r\n <desk@clinic.example>\r\n"));
    CHECK(!says(text, "Rappel"));
    for (rest = text; str_next(&rest, '\n', &line);)
        CHECK(line.len <= 79);
}

TEST(every_line_of_a_letter_with_a_file_is_short)
{
    static char file[5000];
    Mail        mail = letter();
    Str         text, line, rest;

    memset(file, 0xfe, sizeof file);
    mail.file = (Str){ file, sizeof file };
    mail.file_name = STR("receipt.pdf");
    mail.file_type = STR("application/pdf");
    text = mail_text(unit_call()->arena, &mail);
    CHECK(says(text, "Content-Disposition: attachment; filename=\"receipt.pdf\"\r\n"));
    for (rest = text; str_next(&rest, '\n', &line);)
        CHECK(line.len <= 79);
}

static Fail settings(const char *text, CourierSettings *out)
{
    return courier_settings(unit_call(), str_from(text), out);
}

TEST(what_is_sent_without_tls_stays_on_the_machine)
{
    CourierSettings s;

    CHECK_INT(settings("mail-server=smtp://127.0.0.1:25\nmail-from=a@b.example", &s), OK);
    CHECK(s.mail.plain);
    CHECK_INT(settings("mail-server=smtp://mail.example:587\nmail-from=a@b.example", &s), OK);
    CHECK(!s.mail.plain);
    CHECK_INT(settings("mail-server=smtp://localhost.evil.example\nmail-from=a@b.example", &s),
              OK);
    CHECK(!s.mail.plain);
    CHECK_INT(settings("mail-server=smtps://mail.example\nmail-from=a@b.example", &s), OK);
    CHECK(!s.mail.plain);
    CHECK_INT(settings("sms-gateway=http://sms.example/", &s), FAIL_VALUE);
    CHECK_INT(settings("sms-gateway=http://127.0.0.1:99/send", &s), OK);
    CHECK(s.sms.plain);
    CHECK_INT(settings("sms-gateway=https://sms.example/\nsms-body={text}", &s), FAIL_VALUE);
}

TEST(settings_name_the_line_that_is_wrong)
{
    CourierSettings s;

    CHECK_INT(settings("# nothing\n", &s), FAIL_REQUIRED);
    CHECK_INT(settings("mail-from=a@b.example\nmail-from=b@b.example", &s), FAIL_VALUE);
    CHECK_INT(settings("mail-sever=smtps://mail.example", &s), FAIL_VALUE);
    CHECK_INT(settings("mail-server=smtps://u:p@mail.example\nmail-from=a@b.example", &s),
              FAIL_VALUE);
}
