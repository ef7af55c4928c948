/* What the pages for booking without an account share: book.c, book_visit.c. */
#ifndef SERVER_BOOK_H
#define SERVER_BOOK_H

#include "practice/guest.h"
#include "server/browser.h"

typedef struct BookVisit {
    Browser   *b;
    GuestPage  page;
    GuestAsked asked;
    Str        action; /* where forms go: the page, in this language */
} BookVisit;

/* The free times of seven days from `from` on as buttons of a form, with ways to other weeks at
 * `address`, which ends so that a day can be put behind it. `hidden` puts the form's other fields. */
typedef struct BookTimes {
    Str service, practitioner;
    Str action, address;
    void (*hidden)(BookVisit *v);
} BookTimes;

Fail book_put_times(BookVisit *v, const BookTimes *times) MUST_USE;

/* A page that says in one sentence why it does not go on, and what to do. */
Fail book_send_result(BookVisit *v, GuestResult result) MUST_USE;

/* The page of a visit, by the link that was sent. */
Fail book_visit_page(BookVisit *v) MUST_USE;

/* "Tuesday …, 9:30": as a sentence of its own. */
void book_put_when(BookVisit *v, const GuestVisit *visit);

#endif
