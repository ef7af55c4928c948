"""billing.py PROGRAM [WORD…]: the front desk and the biller take money on a live server, several at once; who
may not see it learns nothing. Issue "Invoices, payments, receipts"."""

import base64
import concurrent.futures
import json
import os
import sys

import smart
from live import Server, run
from person import hale

PROGRAM = sys.argv[1]
ASKED = "user/*.cruds patient/*.cruds"
MASSAGE = {"coding": [{"system": "urn:example:service", "code": "massage"}], "text": "Massage therapy treatment"}
LOGINS = {"desk": "desk", "biller": "bill", "privacy": "privacy", "patient": "anne"}
tokens, made = {}, {}


def put(kind, **members):
    status, said = smart.fhir(tokens["owner"], kind, "POST", {"resourceType": kind, **members})
    assert status == 201, (status, said)
    return f"{kind}/{said['id']}"


def operation(who, path, **values):
    """Its parameters are numbers and texts; a list of dicts are parts."""
    parameter = []
    for name, value in values.items():
        for each in value if isinstance(value, list) else [value]:
            parameter.append({"name": name.replace("_", "-"), "part": [one(n, v) for n, v in each.items()]}
                             if isinstance(each, dict) else one(name.replace("_", "-"), each))
    body = {"resourceType": "Parameters", **({"parameter": parameter} if parameter else {})}
    return smart.fhir(tokens[who], path, "POST", body)


def one(name, value):
    return {"name": name, "valueString" if isinstance(value, str) else "valueDecimal": value}


def prepare():
    smart.prepare()
    hale(PROGRAM, "client", "add", "--id", "money", "--name", "Money", "--redirect", smart.BACK, "--scope",
         ASKED, "--data", smart.server.folder)
    for who, login in LOGINS.items():
        tokens[who] = smart.App("money").tokens(smart.people[login], ASKED)["access_token"]
    tokens["owner"] = smart.server.token("system/*.cruds")
    made["org"] = put("Organization", name="Clinique du Château", address=[{
        "line": ["12, rue de l’Église"], "city": "Ottawa", "state": "ON", "postalCode": "K1A 0B1",
        "country": "CA"}], telecom=[{"system": "phone", "value": "613-555-0100"},
                                    {"system": "email", "value": "accueil@example.org"}],
        identifier=[{"system": "urn:hale:tax-number:HST", "value": "123456789 RT0001"}])
    made["dr"] = put("Practitioner", name=[{"given": ["Zoé"], "family": "Lefèvre"}], qualification=[{
        "code": {"coding": [{"system": "urn:hale:profession", "code": "massage-therapy"}], "text": "RMT"},
        "identifier": [{"value": "K-12345"}], "period": {"start": "2015-01-01"},
        "issuer": {"display": "College of Massage Therapists of Ontario"}}])
    put("PractitionerRole", active=True, practitioner={"reference": made["dr"]},
        organization={"reference": made["org"]})
    made["p"] = put("Patient", name=[{"given": ["Anaïs"], "family": "Côté"}])
    put("ChargeItemDefinition", url="urn:example:massage", status="active", code=MASSAGE,
        propertyGroup=[{"priceComponent": [{"type": "base", "amount": {"value": 100, "currency": "CAD"}}]}])


def visit(hour, **more):
    return put("Appointment", status="fulfilled", start=f"2026-03-{hour // 10 + 1:02}T{hour % 10 + 8:02}:00:00-05:00",
               end=f"2026-03-{hour // 10 + 1:02}T{hour % 10 + 9:02}:00:00-05:00", serviceType=[MASSAGE],
               participant=[{"actor": {"reference": made["dr"]}, "status": "accepted"},
                            {"actor": {"reference": made["p"]}, "status": "accepted"}], **more)


def invoice_of(who, appointment):
    status, said = operation(who, appointment + "/$invoice")
    assert status == 200, (status, said)
    found = smart.fhir(tokens[who], "Invoice?identifier=urn:hale:visit|" + appointment.split("/")[1])[1]
    assert len(found["entry"]) == 1, found
    return "Invoice/" + found["entry"][0]["resource"]["id"]


def number_of(resource, system="urn:hale:invoice-number"):
    return [i["value"] for i in resource["identifier"] if i["system"] == system][0]


def keep(name, data):
    if "PAPERS" in os.environ:
        with open(os.path.join(os.environ["PAPERS"], name), "wb") as f:
            f.write(data)


def the_desk_invoices_a_visit_takes_the_money_and_gives_a_receipt():
    for hour, who in ((0, "desk"), (1, "biller")):
        invoice = invoice_of(who, visit(hour))
        status, said = operation(who, invoice + "/$issue")
        assert status == 200 and said["status"] == "issued", (who, status, said)
        status, said = operation(who, made["p"] + "/$pay", amount=113, method="card",
                                 allocation={"invoice": invoice, "amount": 113})
        assert status == 200, (who, status, said)
        assert smart.fhir(tokens[who], invoice)[1]["status"] == "balanced"
        status, said = operation(who, invoice + "/$receipt", language="fr" if hour else "en")
        assert status == 201, (who, status, said)
        papers = [base64.b64decode(c["attachment"]["data"]) for c in said["content"]]
        assert len(papers) == 2 and all(p.startswith(b"%PDF") for p in papers) and papers[0] != papers[1]
        keep(f"receipt-{who}.pdf", papers[0])
        keep(f"duplicate-{who}.pdf", papers[1])
        assert operation(who, invoice + "/$receipt", language="fr" if hour else "en")[1]["id"] == said["id"]


def the_desk_sees_receipts_and_no_other_document():
    note = put("DocumentReference", status="current", type={"text": "Letter"}, subject={"reference": made["p"]},
               content=[{"attachment": {"contentType": "text/plain", "data": "YQ=="}}])
    for who in ("desk", "biller"):
        found = smart.fhir(tokens[who], "DocumentReference?subject=" + made["p"])[1]["entry"]
        assert found and all(e["resource"]["type"]["coding"][0]["code"] == "receipt" for e in found)
        assert smart.fhir(tokens[who], note)[0] == 404


def a_missed_visit_is_a_fee_and_its_paper_names_no_practitioner():
    appointment = put("Appointment", status="noshow", start="2026-04-01T09:00:00-04:00",
                      end="2026-04-01T10:00:00-04:00", serviceType=[MASSAGE],
                      participant=[{"actor": {"reference": made["dr"]}, "status": "accepted"},
                                   {"actor": {"reference": made["p"]}, "status": "accepted"}])
    invoice = invoice_of("desk", appointment)
    assert operation("desk", invoice + "/$issue")[0] == 200
    status, said = operation("desk", invoice + "/$receipt")
    assert status == 201, said
    keep("no-show.pdf", base64.b64decode(said["content"][0]["attachment"]["data"]))


def of_many_who_issue_at_once_each_gets_the_next_number():
    drafts = [invoice_of("desk", visit(20 + i)) for i in range(8)]
    before = [number_of(e["resource"]) for e in smart.fhir(
        tokens["desk"], "Invoice?status=issued,balanced&_count=100")[1]["entry"]]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda d: operation("desk", d + "/$issue"), drafts))
    assert all(status == 200 for status, _ in answers), answers
    numbers = sorted(int(number_of(said)) for _, said in answers)
    assert numbers == list(range(len(before) + 1, len(before) + 9)), (before, numbers)


def of_many_who_allocate_the_same_money_one_does():
    first, second = [invoice_of("desk", visit(40 + i)) for i in range(2)]
    for draft in (first, second):
        assert operation("desk", draft + "/$issue")[0] == 200
    payment = operation("desk", made["p"] + "/$pay", amount=113, method="cash")[1]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda i: operation(
            "desk", f"PaymentReconciliation/{payment['id']}/$allocate", allocation={"invoice": i, "amount": 113}),
            (first, second)))
    assert sorted(status for status, _ in answers) == [200, 422], answers


def who_may_not_see_invoices_learns_nothing():
    invoice = invoice_of("desk", visit(60))
    assert operation("desk", invoice + "/$issue")[0] == 200
    for path in (made["p"] + "/$account", "Invoice/$ageing", "Invoice/$day-close"):
        assert smart.fhir(tokens["privacy"], path)[0] == 403, path
    for path in (invoice + "/$issue", invoice + "/$cancel", invoice + "/$receipt", made["p"] + "/$pay"):
        assert operation("privacy", path)[0] in (403, 404), path
        assert operation("patient", path)[0] in (403, 404), path
    assert smart.fhir(tokens["patient"], made["p"] + "/$account")[0] == 404
    said = smart.fhir(tokens["patient"], "Invoice/$ageing")
    assert said[0] != 200 or not [p for p in said[1]["parameter"] if p["name"] == "owing"], said


def withheld_invoices_are_missing_from_the_account():
    invoice = invoice_of("owner", visit(70))
    assert operation("owner", invoice + "/$issue")[0] == 200
    owes = smart.fhir(tokens["desk"], made["p"] + "/$account")[1]["parameter"][0]["valueMoney"]["value"]
    label = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"security": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}}]}
    assert smart.fhir(tokens["owner"], invoice + "/$meta-add", "POST", label)[0] == 200
    left = smart.fhir(tokens["desk"], made["p"] + "/$account")[1]
    assert round(owes - left["parameter"][0]["valueMoney"]["value"], 2) == 113, (owes, left)
    assert invoice not in json.dumps(left)


def owed(patient):
    return smart.fhir(tokens["desk"], patient + "/$account")[1]["parameter"][0]["valueMoney"]["value"]


def somebody_else_may_pay_and_both_accounts_are_right():
    parent = put("Patient", name=[{"family": "Côté", "given": ["Luc"]}])
    before = owed(made["p"])
    invoice = invoice_of("desk", visit(80))
    assert operation("desk", invoice + "/$issue")[0] == 200
    assert round(owed(made["p"]) - before, 2) == 113
    status, said = operation("desk", parent + "/$pay", amount=113, method="card",
                             allocation={"invoice": invoice, "amount": 113})
    assert status == 200, said
    assert owed(made["p"]) == before and owed(parent) == 0, (owed(made["p"]), owed(parent))
    status, said = operation("desk", invoice + "/$cancel", reason="wrong day")
    assert status == 200, said
    assert owed(made["p"]) == before and owed(parent) == 0, (owed(made["p"]), owed(parent))
    parameters = smart.fhir(tokens["desk"], parent + "/$account")[1]["parameter"]
    assert [p["valueMoney"]["value"] for p in parameters if p["name"] == "held"] == [113], parameters


def an_invoice_that_comes_to_nothing_can_be_taken_back():
    appointment = visit(81)
    status, said = operation("desk", appointment + "/$invoice", discount_percent=100)
    assert status == 200, said
    found = smart.fhir(tokens["desk"], "Invoice?identifier=urn:hale:visit|" + appointment.split("/")[1])[1]
    invoice = "Invoice/" + found["entry"][0]["resource"]["id"]
    assert operation("desk", invoice + "/$issue")[0] == 200
    status, said = operation("desk", invoice + "/$cancel", reason="not meant")
    assert status == 200, said
    assert operation("desk", appointment + "/$invoice")[0] == 200


def a_draft_that_was_deleted_leaves_nothing_of_itself():
    appointment = visit(82)
    invoice = invoice_of("owner", appointment)
    assert smart.fhir(tokens["owner"], invoice, "DELETE")[0] in (200, 204)
    status, said = operation("owner", appointment + "/$invoice", price=50)
    assert status == 200, said
    anew = smart.fhir(tokens["owner"], invoice_reference(appointment))[1]
    charge = smart.fhir(tokens["owner"], anew["lineItem"][0]["chargeItemReference"]["reference"])[1]
    assert charge["priceOverride"]["value"] == 50 if "priceOverride" in charge else True
    number = number_of(charge, "urn:hale:visit")
    assert number.split(".")[-2] == "1", number


def invoice_reference(appointment):
    found = smart.fhir(tokens["owner"], "Invoice?identifier=urn:hale:visit|" + appointment.split("/")[1])[1]
    return "Invoice/" + found["entry"][0]["resource"]["id"]


def nobody_brings_a_receipt_of_their_own():
    status, said = smart.fhir(tokens["desk"], "DocumentReference", "POST", {
        "resourceType": "DocumentReference", "status": "current", "subject": {"reference": made["p"]},
        "type": {"coding": [{"system": "urn:hale:document", "code": "receipt"}]},
        "identifier": [{"system": "urn:hale:receipt-of", "value": "x.1.0.en"}],
        "content": [{"attachment": {"contentType": "application/pdf", "data": "YQ=="}}]})
    assert status in (403, 409), (status, said)


def a_price_with_its_tax_in_it_is_what_is_paid():
    soap = {"coding": [{"system": "urn:example:service", "code": "long"}], "text": "Long massage"}
    put("ChargeItemDefinition", url="urn:example:long", status="active", code=soap,
        extension=[{"url": "urn:hale:tax-included", "valueBoolean": True}],
        propertyGroup=[{"priceComponent": [{"type": "base", "amount": {"value": 100, "currency": "CAD"}}]}])
    appointment = put("Appointment", status="fulfilled", start="2026-05-04T09:00:00-04:00",
                      end="2026-05-04T10:00:00-04:00", serviceType=[soap],
                      participant=[{"actor": {"reference": made["dr"]}, "status": "accepted"},
                                   {"actor": {"reference": made["p"]}, "status": "accepted"}])
    invoice = smart.fhir(tokens["desk"], invoice_of("desk", appointment))[1]
    assert invoice["totalGross"]["value"] == 100, invoice


TESTS = [the_desk_invoices_a_visit_takes_the_money_and_gives_a_receipt,
         the_desk_sees_receipts_and_no_other_document,
         a_missed_visit_is_a_fee_and_its_paper_names_no_practitioner,
         of_many_who_issue_at_once_each_gets_the_next_number, of_many_who_allocate_the_same_money_one_does,
         who_may_not_see_invoices_learns_nothing, withheld_invoices_are_missing_from_the_account,
         somebody_else_may_pay_and_both_accounts_are_right, an_invoice_that_comes_to_nothing_can_be_taken_back,
         a_draft_that_was_deleted_leaves_nothing_of_itself, nobody_brings_a_receipt_of_their_own,
         a_price_with_its_tax_in_it_is_what_is_paid]


def main():
    smart.server = Server(PROGRAM, "--behind-proxy")
    smart.server.base = f"http://127.0.0.1:{smart.server.port}"
    try:
        prepare()
        return run(TESTS, sys.argv[2:])
    finally:
        smart.server.close()


if __name__ == "__main__":
    sys.exit(main())
