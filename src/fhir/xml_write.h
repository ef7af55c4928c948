/* A resource as FHIR XML (R4 xml.html): elements in the order of the definition, UTF-8, without
 * white space between elements. */
#ifndef FHIR_XML_WRITE_H
#define FHIR_XML_WRITE_H

#include "fhir/resource.h"

/* FAIL_NOT_ACCEPTABLE, with the element, if a text holds a character that XML has not. */
Fail xml_write_resource(Call *c, const Resource *resource, Str *xml) MUST_USE;

#endif
