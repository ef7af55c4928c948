/*
 * FHIR XML (R4 xml.html) as FHIR JSON. The JSON is laid out so that what stands in line n of the XML
 * stands in line n of the JSON, and no further left than there where that is possible: what
 * resource_read() says of it is true of the XML, too.
 */
#ifndef FHIR_XML_READ_H
#define FHIR_XML_READ_H

#include "base/call.h"

/* Makes JSON of the resource in `bytes`. What XML alone can get wrong is refused here, with line,
 * column and element: FAIL_SYNTAX, FAIL_STRUCTURE (an unknown element, attribute or namespace, text
 * between elements, an element that repeats where it may not or not side by side, one without value
 * and extension), FAIL_TOO_COSTLY. All else is for resource_read() to judge. Narrative is taken over
 * byte for byte; it must declare its namespace as the default one. */
Fail xml_read_resource(Call *c, Str bytes, uint32_t values_max, Str *json) MUST_USE;

#endif
