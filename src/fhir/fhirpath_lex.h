/* The words of FHIRPath's grammar (N1, "Formal Specifications"). Only the compiler includes it. */
#ifndef FHIR_FHIRPATH_LEX_H
#define FHIR_FHIRPATH_LEX_H

#include "fhir/fhirpath_machine.h"

typedef enum LexKind {
    LEX_END,
    LEX_WORD,        /* an identifier or keyword */
    LEX_QUOTED_WORD, /* `…`, unescaped */
    LEX_STRING,
    LEX_NUMBER,
    LEX_DATE, /* without '@' */
    LEX_DATE_TIME,
    LEX_TIME,    /* without "@T" */
    LEX_DOLLAR,  /* $this … */
    LEX_PERCENT, /* %name, its name */
    LEX_MARK,    /* an operator or bracket */
} LexKind;

typedef struct Lex {
    uint8_t  kind; /* LexKind */
    Str      text;
    uint32_t from, to; /* bytes of the expression */
} Lex;

typedef struct Lexer {
    Call  *call;
    Arena *keep;
    Str    source;
    size_t at;
    Lex    now;
} Lexer;

/* Moves to the next word: lexer.now. */
Fail lexer_next(Lexer *l);

/* Notes a fault at a byte of the expression. */
Fail lexer_fail(Lexer *l, uint32_t at, const char *what);

#endif
