/* The practice of the demonstration: several professions under one roof, some months of
 * visits behind today and some weeks of appointments ahead. See synthetic.h. */
#ifndef PRACTICE_DEMONSTRATION_H
#define PRACTICE_DEMONSTRATION_H

#include "practice/visit.h"

enum {
    PROFESSIONS = 5,
    ROOMS = 5,
    WEEKS_BEFORE = 16,
    WEEKS_AHEAD = 4,
    WEEKLY_TIMES = 20, /* hours a week in which one practitioner sees people */
    TIMES_A_DAY = 4,
    QUESTIONS = 9,
};

typedef struct Profession {
    const char *name;      /* "Psychotherapist" */
    Term        specialty; /* SNOMED CT */
    const char *given, *family, *prefix;
    const char *service; /* what is offered, and its price */
    uint32_t    cents, minutes;
    bool        medical; /* examines, prescribes, orders tests */
    bool        talking; /* measures mood by questionnaire */
    Term        problem, procedure;
} Profession;

extern const Profession professions[PROFESSIONS];

/* The nine questions of the PHQ-9, LOINC codes. */
extern const Term questions[QUESTIONS];

typedef enum DemonstrationKind {
    DEMONSTRATION_ORGANIZATION = 1,
    DEMONSTRATION_ROOM,
    DEMONSTRATION_PRACTITIONER,
    DEMONSTRATION_ROLE,
    DEMONSTRATION_SERVICE,
    DEMONSTRATION_CALENDAR,
    DEMONSTRATION_QUESTIONNAIRE,
    DEMONSTRATION_SLOT,
} DemonstrationKind;

MadeId demonstration_id(const Maker *m, DemonstrationKind kind, uint32_t n);

/* "Practitioner/…" of profession n, and so on. */
const char *demonstration_reference(Maker *m, DemonstrationKind kind, uint32_t n);

/* When the weekly time number `time` (0 to WEEKLY_TIMES - 1) of a week before (negative) or
 * after this one begins, in seconds since 1970. */
int64_t demonstration_time(const Maker *m, int week, uint32_t time);

void demonstration_make_shared(Maker *m);
void demonstration_make_patient(Maker *m);

/* What a visit to that profession leaves, its note and its invoice included. */
void demonstration_make_visit(Maker *m, const Visit *v, const Profession *profession,
                              MadeId encounter, const char *account, const char *appointment);

/* What was asked at the first visit: family, habits, what is taken, the care team, alerts. */
void demonstration_make_history(Maker *m, const Visit *v, const Profession *profession);

#endif
