/*
 * Unit tests: TEST(a_sentence_about_behaviour) { CHECK(...); }
 * Each folder's tests are one program; a test registers itself, so there is no list to keep.
 * A program takes words of test names as arguments and then runs only those.
 */
#ifndef TEST_UNIT_H
#define TEST_UNIT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/call.h"

typedef struct UnitTest UnitTest;
struct UnitTest {
    const char *name;
    const char *file;
    void (*run)(void);
    UnitTest *next;
};

void unit_register(UnitTest *test);

/* Notes that the running test failed, and goes on. */
void unit_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Notes that the running test could not mean anything here, with the reason. */
void unit_skip(const char *reason);

/* A call on an arena that lasts for the running test. */
Call *unit_call(void);

/* A new empty folder below the temporary folder, removed after the test. */
Str unit_folder(void);

/* The folder of shared test material: what DATA names, else shared/data beside the checkout.
 * Empty if there is none: the test then says so with unit_skip(). */
Str unit_data(void);

#define TEST(name)                                                                             \
    static void                              test_##name(void);                                \
    __attribute__((constructor)) static void register_##name(void)                             \
    {                                                                                          \
        static UnitTest test = { #name, __FILE__, test_##name, NULL };                         \
        unit_register(&test);                                                                  \
    }                                                                                          \
    static void test_##name(void)

#define CHECK(condition)                                                                       \
    do {                                                                                       \
        if (!(condition))                                                                      \
            unit_fail(__FILE__, __LINE__, "%s", #condition);                                   \
    } while (0)

/* For what the rest of the test cannot do without. */
#define REQUIRE(condition)                                                                     \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            unit_fail(__FILE__, __LINE__, "%s", #condition);                                   \
            return;                                                                            \
        }                                                                                      \
    } while (0)

#define CHECK_STR(actual, expected)                                                            \
    do {                                                                                       \
        Str actual_ = (actual), expected_ = (expected);                                        \
        if (!str_equal(actual_, expected_))                                                    \
            unit_fail(__FILE__, __LINE__, "%s is \"%.*s\", not \"%.*s\"", #actual,             \
                      (int)actual_.len, actual_.at ? actual_.at : "", (int)expected_.len,      \
                      expected_.at ? expected_.at : "");                                       \
    } while (0)

#define CHECK_INT(actual, expected)                                                            \
    do {                                                                                       \
        long long actual_ = (long long)(actual), expected_ = (long long)(expected);            \
        if (actual_ != expected_)                                                              \
            unit_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #actual, actual_,            \
                      expected_);                                                              \
    } while (0)

#endif
