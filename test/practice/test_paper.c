/* Receipts: what must stand on them, and that it does. */
#include "practice/paper.h"

#include <stdlib.h>
#include <time.h>

#include "test/unit.h"

static Paper sample_of(const char *designation, const char *college, bool french)
{
    Paper p = { .receipt = true,
                .treatment = true,
                .french = french,
                .number = STR("000017"),
                .issued = STR("2026-03-04"),
                .invoice_number = STR("000042"),
                .practice = STR("Clinique Hélène Côté"),
                .address = STR("1, rue Saint-Ambroise, Montréal QC H4C 2C9"),
                .phone = STR("514-555-0100"),
                .email = STR("accueil@example.org"),
                .patient = STR("Zoë Ångström-Lefèvre"),
                .practitioner = STR("Éloïse Dœuff"),
                .designation = str_from(designation),
                .college = str_from(college),
                .registration = STR("K-12345"),
                .currency = STR("CAD"),
                .net = 10000,
                .gross = 11300,
                .paid = 11300 };

    p.lines[p.line_count++] = (PaperLine){ .text = STR("Treatment, follow-up"),
                                           .date = STR("2026-03-03"),
                                           .class = STR("treatment"),
                                           .minutes = 60,
                                           .quantity = 1,
                                           .price = 10000 };
    p.taxes[p.tax_count++] =
        (PaperTax){ STR("HST"), STR("HST 13 %"), STR("123456789 RT0001"), 1300 };
    p.payments[p.payment_count++] = (PaperPayment){ STR("2026-03-04"), STR("card"), 11300 };
    return p;
}

/* The text of a PDF, by poppler; empty where that is not installed. */
static Str text_of(Str pdf)
{
    Arena *a = unit_call()->arena;
    Str    folder = unit_folder();
    Str    file = arena_printf(a, "%.*s/paper.pdf", STR_ARG(folder));
    Str    command = arena_printf(a, "pdftotext -layout %.*s - 2>/dev/null", STR_ARG(file));
    FILE  *to = fopen(arena_c_string(a, file), "w"), *from;
    char  *text = arena_alloc(a, 1, 65536);
    size_t len;

    if (!to || fwrite(pdf.at, 1, pdf.len, to) != pdf.len || fclose(to) != 0)
        abort();
    from = popen(arena_c_string(a, command), "r");
    len = from ? fread(text, 1, 65535, from) : 0;
    if (from)
        pclose(from);
    return (Str){ text, len };
}

static const struct {
    const char *designation, *college;
} professions[] = {
    { "RMT", "College of Massage Therapists of Ontario" },
    { "PT", "College of Physiotherapists of Ontario" },
    { "DC", "College of Chiropractors of Ontario" },
    { "PhD, C.Psych.", "College of Psychologists and Behaviour Analysts of Ontario" },
    { "RP", "College of Registered Psychotherapists of Ontario" },
};

static void check_has(Str text, Str part)
{
    if (str_find(text, part) < 0)
        unit_fail(__FILE__, __LINE__, "\"%.*s\" does not stand on it", STR_ARG(part));
}

TEST(each_profession_s_receipt_says_all_that_insurers_want_in_both_languages)
{
    for (size_t i = 0; i < COUNT(professions) * 2; i++) {
        Paper p = sample_of(professions[i / 2].designation, professions[i / 2].college, i % 2);
        Str   pdf, text;

        REQUIRE(paper_check(unit_call(), &p) == OK);
        REQUIRE(paper_draw(unit_call(), &p, &pdf) == OK);
        CHECK(str_starts(pdf, STR("%PDF-")));
        text = text_of(pdf);
        if (text.len == 0) {
            unit_skip("pdftotext is not installed");
            return;
        }
        check_has(text, i % 2 ? STR("REÇU") : STR("RECEIPT"));
        check_has(text, p.number);
        check_has(text, p.invoice_number);
        check_has(text, p.issued);
        check_has(text, p.practice);
        check_has(text, p.address);
        check_has(text, p.phone);
        check_has(text, p.email);
        check_has(text, p.patient);
        check_has(text, p.practitioner);
        check_has(text, p.designation);
        check_has(text, p.registration);
        check_has(text, p.college);
        check_has(text, STR("2026-03-03"));
        check_has(text, STR("Treatment, follow-up – 60 min"));
        check_has(text, i % 2 ? STR("100,00") : STR("$100.00"));
        check_has(text, i % 2 ? STR("TVH 13 %") : STR("HST 13 %"));
        check_has(text, STR("123456789 RT0001"));
        check_has(text, i % 2 ? STR("113,00") : STR("$113.00"));
        check_has(text, i % 2 ? STR("Montant payé") : STR("Amount paid"));
        check_has(text, i % 2 ? STR("carte") : STR("card"));
        CHECK(str_find(text, STR("DUPLICAT")) < 0);
    }
}

TEST(a_missed_appointment_does_not_look_like_treatment)
{
    Paper p = sample_of("RMT", "College of Massage Therapists of Ontario", false);
    Str   pdf, text;

    p.treatment = false;
    p.lines[0].class = STR("no-show");
    p.lines[0].text = STR("Missed appointment fee");
    REQUIRE(paper_check(unit_call(), &p) == OK && paper_draw(unit_call(), &p, &pdf) == OK);
    text = text_of(pdf);
    if (text.len == 0) {
        unit_skip("pdftotext is not installed");
        return;
    }
    check_has(text, STR("No service was given"));
    CHECK(str_find(text, p.registration) < 0 && str_find(text, p.college) < 0);
    CHECK(str_find(text, STR("60 min")) < 0 && str_find(text, STR("Services")) < 0);
}

TEST(a_paper_is_drawn_within_twenty_milliseconds_of_the_processor)
{
    enum { PAPERS = 50, MOST_MS = 20 };
    Paper           p = sample_of("RMT", "College of Massage Therapists of Ontario", false);
    struct timespec from, to;
    Str             pdf;
    double          each;

    REQUIRE(paper_draw(unit_call(), &p, &pdf) == OK);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (int i = 0; i < PAPERS; i++)
        REQUIRE(paper_draw(unit_call(), &p, &pdf) == OK);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    each = ((double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6)
           / PAPERS;
    if (getenv("FIGURES"))
        fprintf(stderr, "%.2f ms a paper, %zu bytes\n", each, pdf.len);
#ifndef __SANITIZE_ADDRESS__
    CHECK(each < MOST_MS);
#endif
}

TEST(a_copy_says_that_it_is_one)
{
    Paper p = sample_of("RMT", "College of Massage Therapists of Ontario", true);
    Str   pdf, text;

    p.duplicate = true;
    REQUIRE(paper_draw(unit_call(), &p, &pdf) == OK);
    text = text_of(pdf);
    if (text.len)
        check_has(text, STR("DUPLICATA"));
    else
        unit_skip("pdftotext is not installed");
}

static Str only_issue(Paper *p)
{
    Call *c = unit_call();
    Str   where;

    call_forget_issues(c, 0);
    if (paper_check(c, p) != FAIL_UNPROCESSABLE || c->issue_count != 1)
        return (Str){ 0 };
    where = c->issues[0].expression;
    call_forget_issues(c, 0);
    return where;
}

TEST(nothing_is_issued_with_an_element_missing_and_it_is_named)
{
    Paper whole = sample_of("RMT", "College of Massage Therapists of Ontario", false), p;

    p = whole, p.registration = (Str){ 0 };
    CHECK_STR(only_issue(&p), STR("Practitioner.qualification.identifier"));
    p = whole, p.college = (Str){ 0 };
    CHECK_STR(only_issue(&p), STR("Practitioner.qualification.issuer"));
    p = whole, p.address = (Str){ 0 };
    CHECK_STR(only_issue(&p), STR("Organization.address"));
    p = whole, p.taxes[0].number = (Str){ 0 };
    CHECK_STR(only_issue(&p), STR("Organization.identifier"));
    p = whole, p.lines[0].minutes = 0;
    CHECK_STR(only_issue(&p), STR("ChargeItem.occurrence"));
    p = whole, p.patient = (Str){ 0 };
    CHECK_STR(only_issue(&p), STR("Patient.name"));
    p = whole, p.american = true;
    CHECK_INT(paper_check(unit_call(), &p), FAIL_UNPROCESSABLE);
    CHECK_INT(unit_call()->issue_count, 4); /* NPI, EIN, diagnosis, CPT */
    call_forget_issues(unit_call(), 0);
    p.npi = STR("1234567893"), p.ein = STR("12-3456789"), p.diagnosis = STR("M54.5");
    p.lines[0].code = STR("97124");
    CHECK_INT(paper_check(unit_call(), &p), OK);
}
