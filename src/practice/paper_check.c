/* What must stand on a receipt (colleges and insurers in Canada; superbills in the US): see paper.h. */
#include <stddef.h>

#include "practice/paper.h"

enum { ALWAYS, OF_TREATMENT, OF_AMERICA };

static const struct Wanted {
    size_t      at; /* of a Str in Paper */
    uint8_t     when;
    const char *where, *words;
} wanted[] = {
    { offsetof(Paper, number), ALWAYS, "Invoice.identifier", "the number" },
    { offsetof(Paper, issued), ALWAYS, "Invoice.date", "the date of issue" },
    { offsetof(Paper, practice), ALWAYS, "Organization.name", "the practice's name" },
    { offsetof(Paper, address), ALWAYS, "Organization.address", "the practice's address" },
    { offsetof(Paper, phone), ALWAYS, "Organization.telecom", "the practice's phone number" },
    { offsetof(Paper, email), ALWAYS, "Organization.telecom", "the practice's e-mail address" },
    { offsetof(Paper, patient), ALWAYS, "Patient.name", "the patient's name" },
    { offsetof(Paper, currency), ALWAYS, "Invoice.totalGross", "the currency" },
    { offsetof(Paper, practitioner), OF_TREATMENT, "Practitioner.name",
      "the practitioner's name" },
    { offsetof(Paper, designation), OF_TREATMENT, "Practitioner.qualification.code.text",
      "the practitioner's designation" },
    { offsetof(Paper, college), OF_TREATMENT, "Practitioner.qualification.issuer",
      "the college's name" },
    { offsetof(Paper, registration), OF_TREATMENT, "Practitioner.qualification.identifier",
      "the practitioner's registration number" },
    { offsetof(Paper, npi), OF_AMERICA, "Practitioner.identifier", "the practitioner's NPI" },
    { offsetof(Paper, ein), OF_AMERICA, "Organization.identifier", "the practice's EIN" },
    { offsetof(Paper, diagnosis), OF_AMERICA, "ChargeItem.reason", "an ICD-10-CM diagnosis" },
};

static Fail missing(Call *c, Str where, const char *words)
{
    return fail(c, FAIL_UNPROCESSABLE, where,
                "This cannot be issued before %s is known: insurers refuse it without", words);
}

static Fail check_line(Call *c, const Paper *p, const PaperLine *line)
{
    bool treatment = str_equal(line->class, STR("treatment"));

    if (line->text.len == 0)
        return missing(c, STR("ChargeItem.code.text"), "the name of the service");
    if (line->date.len == 0)
        return missing(c, STR("ChargeItem.occurrence"), "the date of the service");
    if (treatment && line->minutes == 0)
        return missing(c, STR("ChargeItem.occurrence"), "the duration of the service");
    if (treatment && p->american && line->code.len == 0)
        return missing(c, STR("ChargeItem.code"), "the CPT code of the service");
    return OK;
}

Fail paper_check(Call *c, const Paper *p)
{
    Fail result = OK;

    for (size_t i = 0; i < COUNT(wanted); i++) {
        const struct Wanted *w = &wanted[i];
        const Str           *text = (const Str *)(const void *)((const char *)p + w->at);

        if (text->len > 0 || (w->when == OF_TREATMENT && !p->treatment)
            || (w->when == OF_AMERICA && !(p->american && p->treatment)))
            continue;
        result = missing(c, str_from(w->where), w->words);
    }
    for (size_t i = 0; i < p->tax_count; i++)
        if (p->taxes[i].cents && p->taxes[i].number.len == 0)
            result = missing(c, STR("Organization.identifier"),
                             "the practice's number for the tax that is charged");
    if (p->line_count == 0)
        result = missing(c, STR("Invoice.lineItem"), "what it is for");
    for (size_t i = 0; i < p->line_count; i++) {
        Fail line = check_line(c, p, &p->lines[i]);

        result = line ? line : result;
    }
    return result;
}
