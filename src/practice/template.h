/* The content packages of the professions, as operations: see template.c. */
#ifndef PRACTICE_TEMPLATE_H
#define PRACTICE_TEMPLATE_H

#include "interaction/turn.h"

AnswerFunction template_list_answer, template_install_answer;

#endif
