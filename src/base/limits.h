/* Every limit Hale puts on input and work, in one place. `hale limits` prints them. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* name, value, what it bounds */
#define LIMITS(LIMIT)                                                                          \
    LIMIT(LIMIT_BODY_BYTES, 16 * 1024 * 1024,                                                  \
          "bytes of one request body, after decompression")                                    \
    LIMIT(LIMIT_BUNDLE_BODY_BYTES, 128 * 1024 * 1024, "bytes of a Bundle posted to the base")  \
    LIMIT(LIMIT_BODIES_BYTES, 512 * 1024 * 1024, "bytes of all request bodies being received") \
    LIMIT(LIMIT_HEADER_BYTES, 8 * 1024, "bytes of one request's line and headers")             \
    LIMIT(LIMIT_INFLATE_RATIO, 100, "bytes out for one byte of gzip in")                       \
    LIMIT(LIMIT_JSON_DEPTH, 100, "nested brackets in JSON")                                    \
    LIMIT(LIMIT_JSON_NODES, 1000 * 1000, "values in one JSON document")                        \
    LIMIT(LIMIT_BUNDLE_NODES, 16 * 1000 * 1000, "values in one Bundle posted to the base")     \
    LIMIT(LIMIT_XML_ATTRIBUTES, 64, "attributes of one XML element")                           \
    LIMIT(LIMIT_NARRATIVE_DEPTH, 100, "nested elements of narrative")                          \
    LIMIT(LIMIT_NUMBER_CHARS, 64, "characters of one number")                                  \
    LIMIT(LIMIT_BUNDLE_ENTRIES, 30 * 1000, "entries of one Bundle")                            \
    LIMIT(LIMIT_PATCH_OPERATIONS, 1000, "operations of one patch document")                    \
    LIMIT(LIMIT_ISSUES, 100, "faults named in one OperationOutcome")                           \
    LIMIT(LIMIT_QUERY_BYTES, 64 * 1024, "bytes of a query string")                             \
    LIMIT(LIMIT_QUERY_CLAUSES, 64, "clauses of one search")                                    \
    LIMIT(LIMIT_QUERY_VALUES, 1000, "comma-separated values of one clause")                    \
    LIMIT(LIMIT_QUERY_WEIGHT, 3500,                                                            \
          "values of one search, weighed by what each takes to find")                          \
    LIMIT(LIMIT_QUERY_STEPS, 256, "steps of one chained, composite or filtering clause")       \
    LIMIT(LIMIT_QUERY_HOPS, 8, "references one clause may follow, one after the other")        \
    LIMIT(LIMIT_QUERY_PATHS, 32, "ways through types one chain may take")                      \
    LIMIT(LIMIT_FILTER_DEPTH, 16, "parentheses in each other in one _filter")                  \
    LIMIT(LIMIT_TEXT_WORDS, 64, "words of one value of _text or _content")                     \
    LIMIT(LIMIT_QUERY_INCLUDES, 32, "_include and _revinclude of one search")                  \
    LIMIT(LIMIT_QUERY_SORT, 8, "keys of one _sort")                                            \
    LIMIT(LIMIT_QUERY_CODES, 100 * 1000,                                                       \
          "codes in use that one clause may ask a system about")                               \
    LIMIT(LIMIT_QUERY_TERM_STEPS, 2 * 1000 * 1000,                                             \
          "concepts one search may look at (:in :not-in :above :below)")                       \
    LIMIT(LIMIT_TERM_STEPS, 50 * 1000 * 1000, "concepts one call may look at")                 \
    LIMIT(LIMIT_TERM_CACHE_BYTES, 512 * 1024 * 1024, "bytes of definitions kept ready")        \
    LIMIT(LIMIT_PACKAGE_BYTES, 512 * 1024 * 1024, "bytes of one FHIR package, unpacked")       \
    LIMIT(LIMIT_PACKAGE_FILES, 20 * 1000, "resources of one FHIR package")                     \
    LIMIT(LIMIT_EXPANSION, 10 * 1000, "codes of one expansion that is not asked for in pages") \
    LIMIT(LIMIT_VALUE_SET_DEPTH, 16, "value sets that include each other, one in the other")   \
    LIMIT(LIMIT_PATTERN_STATES, 10 * 1000, "states of one regular expression")                 \
    LIMIT(LIMIT_EXPRESSION_BYTES, 4096, "bytes of a SearchParameter's expression")             \
    LIMIT(LIMIT_EXPRESSION_STEPS, 16, "steps of one branch of an expression")                  \
    LIMIT(LIMIT_EXPRESSION_BRANCHES, 64, "branches of one expression")                         \
    LIMIT(LIMIT_EXPRESSION_DEPTH, 16, "parentheses in each other in one expression")           \
    LIMIT(LIMIT_PATH_BYTES, 64 * 1024, "bytes of a FHIRPath expression")                       \
    LIMIT(LIMIT_PATH_DEPTH, 128, "brackets and operators open at once in FHIRPath")            \
    LIMIT(LIMIT_PATH_STEPS, 20 * 1000 * 1000, "steps of work of one FHIRPath evaluation")      \
    LIMIT(LIMIT_PATH_VALUES, 2 * 1000 * 1000, "values one FHIRPath evaluation may hold")       \
    LIMIT(LIMIT_VIEW_COLUMNS, 1000, "columns of one ViewDefinition")                           \
    LIMIT(LIMIT_VIEW_FOCI, 20 * 1000, "items of one resource that a view may go through")      \
    LIMIT(LIMIT_EXPRESSION_ROUTES, 256, "ways one expression may lead through a resource")     \
    LIMIT(LIMIT_CUSTOM_PARAMS, 1024, "search parameters of the practice's own, by types")      \
    LIMIT(LIMIT_DIRECTIVES, 1000, "Consents in force that withhold something")                 \
    LIMIT(LIMIT_INCLUDED, 10 * 1000, "resources that one page may include")                    \
    LIMIT(LIMIT_SORTED, 250 * 1000, "matches of a search that is sorted by texts or dates")    \
    LIMIT(LIMIT_SORTED_READ, 20 * 1000, "… by what is looked up in each: codes, references …") \
    LIMIT(LIMIT_PAGE_CHANGES, 2000,                                                            \
          "resources changed since a search began, whose pages go on")                         \
    LIMIT(LIMIT_COUNT, 1000, "entries of one page")                                            \
    LIMIT(LIMIT_COUNT_DEFAULT, 50, "entries of one page when _count is not given")             \
    LIMIT(LIMIT_CONDITIONAL_DELETE, 1000, "resources one conditional delete may remove")       \
    LIMIT(LIMIT_CALL_BYTES, 256 * 1024 * 1024, "bytes of memory one call may use")             \
    LIMIT(LIMIT_BUNDLE_CALL_BYTES, 1024 * 1024 * 1024, "bytes of memory one Bundle may use")   \
    LIMIT(LIMIT_CALL_MS, 30 * 1000, "milliseconds one call may take")                          \
    LIMIT(LIMIT_HEADER_MS, 10 * 1000, "milliseconds to send a request's headers")              \
    LIMIT(LIMIT_STALL_MS, 30 * 1000, "milliseconds without a byte in either direction")        \
    LIMIT(LIMIT_IDLE_MS, 120 * 1000, "milliseconds an idle connection is kept")                \
    LIMIT(LIMIT_CONNECTIONS, 12 * 1000, "open connections")                                    \
    LIMIT(LIMIT_LOGIN_CALLS, 6000, "calls to /fhir of one login at once, and in a minute")     \
    LIMIT(LIMIT_NETWORK_CALLS, 30 * 1000,                                                      \
          "calls to /fhir from one network (/24, /56) at once, and in a minute")               \
    LIMIT(LIMIT_QUEUE, 512, "calls waiting for a worker")                                      \
    LIMIT(LIMIT_SHARE_US, 6000,                                                                \
          "microseconds of processor time, then a reading call is a long one")                 \
    LIMIT(LIMIT_LONG_CALLS, 64, "long calls that may wait; a quarter of them one client's")    \
    LIMIT(LIMIT_WRITER_QUEUE, 4096, "changes waiting for the writer")                          \
    LIMIT(LIMIT_WRITER_BATCH, 1024, "changes in one group commit")                             \
    LIMIT(LIMIT_SNAPSHOT_MS, 1000, "milliseconds a reader may keep one snapshot across calls") \
    LIMIT(LIMIT_REPORT_SORTED, 1000 * 1000, "lines of an audit report that is sorted")         \
    LIMIT(LIMIT_UNSIGNED_RECORDS, 10 * 1000, "audit records before a checkpoint is signed")    \
    LIMIT(LIMIT_UNSIGNED_MS, 60 * 1000, "milliseconds before a checkpoint is signed")          \
    LIMIT(LIMIT_APPOINTMENT_DAYS, 31, "days one appointment may last")                         \
    LIMIT(LIMIT_FIND_DAYS, 400, "days in which a free time is looked for at once")             \
    LIMIT(LIMIT_SERIES, 400, "appointments of one series")                                     \
    LIMIT(LIMIT_HOLD_MINUTES, 60, "minutes for which a time may be held")                      \
    LIMIT(LIMIT_IMPORT_BYTES, 200 * 1024 * 1024,                                               \
          "bytes of memory an import takes, beside what a Bundle may use")                     \
    LIMIT(LIMIT_STATEMENT_STEPS, 200 * 1000 * 1000, "database steps of one call")

#define LIMIT_ENUM(name, value, meaning) name = (value),
enum { LIMITS(LIMIT_ENUM) };
#undef LIMIT_ENUM

#endif
