"""hostile.py PROGRAM [WORD…]: a live server against senders who do not keep to the rules.

Every refusal must come in bounded time, end the connection where the framing is in doubt, and leave
the server as well as before. Security research 1.2, rules B1, B7; RFC 9112 2.2, 3, 5.1, 6.1, 7.1.
"""

import gzip
import json
import os
import socket
import sys
import threading
import time

from live import LIMITS, Server, is_closed, read_answer, run

server = None
token = None

PATIENT = b'{"resourceType":"Patient","name":[{"family":"Hostile"}]}'


def send(data, timeout=15):
    sock = server.connect(timeout)
    try:
        sock.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return sock


def head(method="GET", target="/health", *lines, version="HTTP/1.1"):
    text = [f"{method} {target} {version}", "Host: x", *lines]
    return ("\r\n".join(text) + "\r\n\r\n").encode("latin-1")


def post(*lines, target="/fhir/Patient", content_type="application/fhir+json"):
    return head("POST", target, f"Authorization: Bearer {token}",
                f"Content-Type: {content_type}", *lines)


def refused(data, statuses=(400,), closed=True):
    """The request gets one answer with such a status, an OperationOutcome, and then nothing more."""
    with send(data) as sock:
        answer = read_answer(sock)
        if answer is None:
            assert closed, "the connection was ended without an answer"
        else:
            assert answer.status in statuses, (answer.status, answer.body)
            answer.outcome()
            assert answer.headers["x-content-type-options"] == "nosniff", answer.headers
            if closed:
                assert is_closed(sock), "the connection stayed open behind a refusal"
    still_well()
    return answer


def still_well():
    with send(head()) as sock:
        answer = read_answer(sock)
        assert answer and answer.status == 200, answer
    assert server.is_alive()


def resident_megabytes():
    for line in open(f"/proc/{server.process.pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise AssertionError


# ---- what is good must be taken ----

def keep_alive_carries_many_requests():
    with server.connect() as sock:
        for _ in range(50):
            sock.sendall(head())
            assert read_answer(sock).status == 200


def pipelined_requests_are_answered_in_order():
    with send(head() + head("GET", "/nothing") + head("HEAD", "/health") + head()) as sock:
        data = b""
        while data.count(b"HTTP/1.1 ") < 4:
            more = sock.recv(65536)
            assert more
            data += more
        statuses = [int(part[:3]) for part in data.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [200, 404, 200, 200], statuses


def head_gives_the_headers_of_get():
    with send(head("GET", "/health")) as sock:
        get = read_answer(sock)
    with send(head("HEAD", "/health")) as sock:
        answer = read_answer(sock, to_head=True)
        assert answer.status == 200 and answer.headers["content-length"] == str(len(get.body))
        sock.sendall(head())
        assert read_answer(sock).status == 200


def an_absolute_address_is_understood():
    with send(head("GET", "http://elsewhere.example/health")) as sock:
        assert read_answer(sock).status == 200


def chunked_bodies_are_taken():
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in PATIENT)
    with send(post("Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n") as sock:
        assert read_answer(sock).status == 201


def chunk_extensions_are_ignored_or_refused():
    """The library's release 1.0 refuses what 0.9 ignores; neither may lose its place."""
    start = post("Transfer-Encoding: chunked") + b"%x" % len(PATIENT)
    for extension in (b";a", b";note=1", b";a=\"b\"", b";" + b"a" * 2000):
        with send(start + extension + b"\r\n" + PATIENT + b"\r\n0\r\n\r\n") as sock:
            answer = read_answer(sock)
            assert answer.status in (201, 400), answer.status
    still_well()


def trailers_change_nothing():
    with send(post("Transfer-Encoding: chunked") + b"%x\r\n%s\r\n0\r\nAuthorization: none\r\n\r\n"
              % (len(PATIENT), PATIENT)) as sock:
        assert read_answer(sock).status == 201


def a_client_may_wait_for_continue():
    with send(post(f"Content-Length: {len(PATIENT)}", "Expect: 100-continue")) as sock:
        assert read_answer(sock).status == 100
        sock.sendall(PATIENT)
        assert read_answer(sock).status == 201


def http_1_0_is_answered_and_closed():
    with send(head(version="HTTP/1.0")) as sock:
        assert read_answer(sock).status == 200
        assert is_closed(sock)


def gzip_bodies_are_taken():
    packed = gzip.compress(PATIENT)
    with send(post(f"Content-Length: {len(packed)}", "Content-Encoding: gzip") + packed) as sock:
        assert read_answer(sock).status == 201


def every_answer_carries_the_headers_that_protect():
    for target in ("/health", "/", "/nothing", "/fhir/metadata", "/fhir/Nothing"):
        with send(head("GET", target)) as sock:
            headers = read_answer(sock).headers
            assert headers["x-content-type-options"] == "nosniff", target
            assert headers["cache-control"] == "no-store", target
            assert "default-src 'none'" in headers["content-security-policy"], target
            assert "frame-ancestors 'none'" in headers["content-security-policy"], target
            assert headers["x-request-id"], target


def a_request_id_is_given_back_only_if_it_is_plain():
    with send(head("GET", "/health", "X-Request-Id: abc.DEF_1-2")) as sock:
        assert read_answer(sock).headers["x-request-id"] == "abc.DEF_1-2"
    for bad in ("a b", "x" * 65, "<script>", ""):
        with send(head("GET", "/health", f"X-Request-Id: {bad}")) as sock:
            assert read_answer(sock).headers["x-request-id"] != bad


def links_never_come_from_the_host_header():
    data = post(f"Content-Length: {len(PATIENT)}").replace(b"Host: x", b"Host: evil.example")
    with send(data + PATIENT) as sock:
        answer = read_answer(sock)
        assert answer.status == 201
        assert answer.headers["location"].startswith(f"http://127.0.0.1:{server.port}/fhir/")


# ---- framing ----

def content_length_with_transfer_encoding_is_refused():
    body = b"0\r\n\r\n" + head("GET", "/smuggled")
    for lines in (("Content-Length: 5", "Transfer-Encoding: chunked"),
                  ("Transfer-Encoding: chunked", "Content-Length: 5")):
        refused(post(*lines) + body)


def two_content_lengths_are_refused():
    for first, second in ((5, 6), (6, 5), (5, 5), (0, 44)):
        refused(post(f"Content-Length: {first}", f"Content-Length: {second}")
                + b"{}{}{}" + head("GET", "/smuggled"))


def content_lengths_that_are_no_numbers_are_refused():
    for length in ("-1", "+5", "5, 5", "0x5", "5 5", "five", "", "99999999999999999999999"):
        refused(post(f"Content-Length: {length}") + b"{}   ", (400, 413))


def unknown_transfer_codings_are_refused():
    for coding in ("xchunked", "gzip, chunked", "identity", "chunked, identity", "\x0bchunked",
                   "chunked\x0c", "", "chunked, chunked"):
        refused(post(f"Transfer-Encoding: {coding}") + b"0\r\n\r\n" + head("GET", "/smuggled"))


def transfer_encoding_twice_is_refused():
    refused(post("Transfer-Encoding: chunked", "Transfer-Encoding: identity") + b"0\r\n\r\n")
    refused(post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + b"0\r\n\r\n")


def transfer_encoding_in_http_1_0_is_refused():
    data = head("POST", "/fhir/Patient", "Transfer-Encoding: chunked", version="HTTP/1.0")
    refused(data + b"0\r\n\r\n")


def folded_headers_are_refused():
    refused(b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n")
    refused(b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\r\n\tc\r\nX-B: d\r\n\r\n")
    refused(b"GET /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n")
    refused(b"GET /health HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n")


def bare_line_feeds_are_refused():
    refused(b"GET /health HTTP/1.1\nHost: x\r\n\r\n")
    refused(b"GET /health HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n")
    refused(b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\nContent-Length: 3\r\n\r\nabc")
    refused(b"GET /health HTTP/1.1\r\nHost: x\r\n\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    refused(b"GET /health HTTP/1.1\nHost: x\n\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")


def blanks_before_the_colon_are_refused():
    refused(b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nabcde")
    refused(b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nTransfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n")


def nul_and_control_characters_are_refused():
    refused(b"GET /hea\0lth HTTP/1.1\r\nHost: x\r\n\r\n")
    refused(b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\0c\r\n\r\n")
    refused(b"GET /health HTTP/1.1\r\nHost: x\r\nX\0A: b\r\n\r\n")
    refused(b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\x01c\r\n\r\n")
    refused(b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\rc\r\n\r\n")
    refused(b"GET /health HTTP/1.1\r\nHost: x\r\nX(A): b\r\n\r\n")


def request_lines_out_of_shape_are_refused():
    for line in (b"GET", b"GET /health", b"/health HTTP/1.1", b"GET  /health HTTP/1.1",
                 b"GET /health  HTTP/1.1", b"GET /hea lth HTTP/1.1", b"GET /health HTTP/1.1 ",
                 b"GET /health HTTP/9.9", b"GET /health HTTP/2.0", b"\x16\x03\x01\x02\x00"):
        refused(line + b"\r\nHost: x\r\n\r\n", (400, 505, 501))


def a_request_without_host_is_refused():
    refused(b"GET /health HTTP/1.1\r\n\r\n")


def bad_chunks_are_refused():
    start = post("Transfer-Encoding: chunked")
    for chunk in (b"zz\r\nab\r\n", b"-1\r\nab\r\n", b"5\r\nabcdeXX0\r\n\r\n", b"\r\n\r\n",
                  b"fffffffffffffffffff\r\n", b"5 5\r\nabcde\r\n", b"0x5\r\nabcde\r\n"):
        refused(start + chunk, (400, 413))


def a_body_that_stops_is_not_an_answer():
    with send(post("Content-Length: 1000") + PATIENT) as sock:
        sock.shutdown(socket.SHUT_WR)
        answer = read_answer(sock)
        assert answer is None or answer.status == 400
    still_well()


def unknown_expectations_are_refused():
    refused(post("Content-Length: 5", "Expect: the-spanish-inquisition") + b"abcde", (417,))


def unknown_methods_are_refused():
    for method in ("TRACE", "CONNECT", "BREW", "get"):
        with send(head(method, "/fhir/Patient/1")) as sock:
            answer = read_answer(sock)
            assert answer.status == 405 and answer.headers["allow"], (method, answer.status)
            answer.outcome()


# ---- addresses ----

def paths_out_of_shape_are_refused():
    for path in ("/fhir/Patient/%", "/fhir/Patient/%zz", "/fhir/Patient/%00", "/fhir/Patient/%ff",
                 "/fhir/Patient%2f1", "/fhir/Patient/%c0%af", "/fhir/Patient/%ed%a0%80"):
        with send(head("GET", path, f"Authorization: Bearer {token}")) as sock:
            answer = read_answer(sock)
            assert answer.status == 400, (path, answer.status)
            answer.outcome()


def what_is_not_offered_is_not_found():
    for path in ("/nothing", "/fhirx", "/owner/token", "/owner/facts", "/fhir/..", "/../etc/passwd",
                 "/fhir/Patient/1/2/3/4/5/6", "//"):
        with send(head("GET", path, f"Authorization: Bearer {token}")) as sock:
            assert read_answer(sock).status in (400, 404), path


def metrics_are_not_for_those_behind_a_proxy():
    with send(head("GET", "/metrics")) as sock:
        answer = read_answer(sock)
        assert answer.status == 200 and answer.body.endswith(b"# EOF\n")
    for line in ("X-Forwarded-For: 1.2.3.4", "Forwarded: for=1.2.3.4", "Via: 1.1 proxy"):
        with send(head("GET", "/metrics", line)) as sock:
            assert read_answer(sock).status == 404


# ---- sizes ----

def header_request(total):
    """A request whose counted bytes (target, and each header with its four marks) are `total`."""
    fixed = len("/health") + len("Host") + 1 + 4 + len("X-Pad") + 4
    return head("GET", "/health", "X-Pad: " + "a" * (total - fixed))


def headers_are_taken_up_to_the_limit():
    limit = LIMITS["LIMIT_HEADER_BYTES"]
    for total, status in ((limit - 1, 200), (limit, 200), (limit + 1, 431)):
        with send(header_request(total)) as sock:
            answer = read_answer(sock)
            assert answer.status == status, (total, answer.status)
    refused(header_request(10 * limit), (431, 413))


def many_headers_are_refused():
    refused(head("GET", "/health", *(f"X-{i}: a" for i in range(101))), (431,))


def very_many_parameters_are_understood_or_refused():
    for count in (20, 200, 2000):
        query = "&".join(["name=given"] * count)
        with send(head("GET", "/fhir/Patient?" + query, f"Authorization: Bearer {token}")) as sock:
            answer = read_answer(sock)
            assert answer and answer.status in ((200,) if count == 20 else (400, 413, 414, 431)), (
                count, answer and answer.status)
        still_well()
        with send(head("GET", "/health?" + "a&" * count)) as sock:
            answer = read_answer(sock)
            assert answer and answer.status in (200, 400), (count, answer and answer.status)
        still_well()


def long_addresses_are_refused():
    limit = LIMITS["LIMIT_HEADER_BYTES"]
    refused(head("GET", "/" + "a" * limit), (414, 431))
    refused(head("GET", "/" + "a" * (20 * limit)), (414,))


def an_endless_request_line_is_refused():
    with server.connect() as sock:
        try:
            for _ in range(64):
                sock.sendall(b"A" * 65536)
        except (BrokenPipeError, ConnectionResetError):
            return
        answer = read_answer(sock)
        assert answer is None or answer.status in (400, 414)
    still_well()


def a_body_above_the_limit_is_refused_before_it_is_read():
    limit = LIMITS["LIMIT_BODY_BYTES"]
    with send(post(f"Content-Length: {limit + 1}", "Expect: 100-continue")) as sock:
        answer = read_answer(sock)
        assert answer.status == 413, answer.status
        answer.outcome()
        assert is_closed(sock)
    before = resident_megabytes()
    with server.connect() as sock:
        sock.sendall(post(f"Content-Length: {limit + 1}"))
        try:
            sent = 0
            while sent <= limit:
                sent += sock.send(b" " * 65536)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = read_answer(sock)
        assert answer and answer.status == 413, answer
    assert resident_megabytes() < before + 8


def an_endless_chunked_body_is_refused():
    limit = LIMITS["LIMIT_BODY_BYTES"]
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    before = resident_megabytes()
    with server.connect() as sock:
        sock.sendall(post("Transfer-Encoding: chunked"))
        try:
            for _ in range(limit // 65536 + 200):
                sock.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = read_answer(sock)
        assert answer and answer.status == 413, answer
        answer.outcome()
    assert resident_megabytes() < before + 3 * limit / 2**20
    still_well()


def a_long_body_is_not_read_from_who_may_not_send_it():
    data = head("POST", "/fhir/Patient", "Content-Type: application/fhir+json",
                "Content-Length: 10000000", "Expect: 100-continue")
    answer = refused(data, (401,))
    assert answer.headers["www-authenticate"].startswith("Bearer")


def gzip_that_is_damaged_or_a_bomb_is_refused():
    packed = gzip.compress(PATIENT * 100)
    bomb = gzip.compress(b" " * (64 << 20), 9)
    twice = gzip.compress(gzip.compress(b" " * (256 << 20), 9), 9)
    before = resident_megabytes()
    for body, statuses in ((packed[:-10], (400,)), (packed[:20], (400,)), (b"\x1f\x8b", (400,)),
                           (b"not gzip at all", (400,)), (packed[:30] + b"?" + packed[31:], (400,)),
                           (bomb, (413,)), (twice, (400, 413))):
        refused(post(f"Content-Length: {len(body)}", "Content-Encoding: gzip") + body, statuses,
                closed=False)
    assert resident_megabytes() < before + 64


def other_content_codings_are_refused():
    for coding in ("br", "deflate", "gzip, gzip", "compress"):
        answer = refused(post("Content-Length: 5", f"Content-Encoding: {coding}") + b"abcde",
                         (415,), closed=False)
        answer.outcome()


def bodies_of_other_types_are_refused():
    for kind in ("text/plain", "text/turtle", "application/json; charset=utf-16", "x", ""):
        answer = refused(post("Content-Length: 2", content_type=kind) + b"{}", (415,), closed=False)
        answer.outcome()


def a_missing_body_is_refused():
    refused(post("Content-Length: 0"), (400,), closed=False).outcome()


# ---- many and slow ----

def a_slow_header_is_cut():
    with server.connect(timeout=40) as sock:
        sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        started = time.monotonic()
        try:
            while time.monotonic() - started < 25:
                sock.sendall(b"a")
                time.sleep(0.5)
        except (BrokenPipeError, ConnectionResetError):
            pass
        took = time.monotonic() - started
        assert LIMITS["LIMIT_HEADER_MS"] / 1000 - 1 < took < 14, took


def a_slow_request_line_is_cut():
    with server.connect(timeout=40) as sock:
        sock.sendall(head())
        assert read_answer(sock).status == 200
        time.sleep(2.5)
        started = time.monotonic()
        try:
            for letter in b"GET /health" * 5:
                sock.sendall(bytes([letter]))
                time.sleep(0.5)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert time.monotonic() - started < 16


def a_slow_body_is_cut():
    with server.connect(timeout=40) as sock:
        sock.sendall(post("Content-Length: 50000"))
        started = time.monotonic()
        try:
            while time.monotonic() - started < 25:
                sock.sendall(b" ")
                time.sleep(0.2)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert 9 < time.monotonic() - started < 15


def listed(sock):
    """Whether the system's list of connections shows the server's end of this one as open."""
    ports = (f"0100007F:{server.port:04X}", f"0100007F:{sock.getsockname()[1]:04X}")
    for line in open("/proc/net/tcp"):
        fields = line.split()
        if (fields[1], fields[2]) == ports:
            return fields[9] != "0"
    return False


def server_holds(sock):
    """Whether the server still has its end open. While connections come and go the system's list
    may leave one out: it is gone when several looks miss it."""
    for _ in range(5):
        if listed(sock):
            return True
        time.sleep(0.05)
    return False


def an_answer_nobody_takes_is_cut():
    content = os.urandom(1 << 20) * 8
    with send(post(f"Content-Length: {len(content)}", target="/fhir/Binary",
                   content_type="application/octet-stream") + content, 60) as sock:
        answer = read_answer(sock)
        assert answer.status == 201, answer.status
        place = json.loads(answer.body)["id"]
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", server.port))
    with sock:
        sock.sendall(head("GET", f"/fhir/Binary/{place}", f"Authorization: Bearer {token}"))
        started = time.monotonic()
        stall = LIMITS["LIMIT_STALL_MS"] / 1000
        while server_holds(sock):
            assert time.monotonic() - started < stall + 10, "it was kept"
            time.sleep(0.5)
        assert time.monotonic() - started > stall - 5


def slow_clients_do_not_slow_others():
    slow = []
    try:
        for i in range(1000):
            sock = server.connect()
            sock.sendall(b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nX-Slow: " if i % 2
                         else post("Content-Length: 60000")[:-1])
            slow.append(sock)
        times = []
        with server.connect() as sock:
            for _ in range(500):
                started = time.monotonic()
                sock.sendall(head())
                assert read_answer(sock).status == 200
                times.append(time.monotonic() - started)
        assert sorted(times)[int(len(times) * 0.99)] < 0.1, sorted(times)[-5:]
    finally:
        for sock in slow:
            sock.close()


def clients_that_go_away_are_no_harm():
    for _ in range(300):
        sock = server.connect()
        sock.sendall(post(f"Content-Length: {len(PATIENT)}") + PATIENT)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()
    still_well()


def noise_is_no_harm():
    import random
    generator = random.Random(7)
    pieces = [b"GET ", b"POST ", b"/fhir/Patient", b" HTTP/1.1", b"\r\n", b"\n", b"\r", b"Host: x",
              b"Content-Length: 3", b"Transfer-Encoding: chunked", b"\0", b" ", b":", b"\r\n\r\n",
              b"%", b"\xff\xfe", b"0\r\n\r\n", b"3\r\nabc\r\n", b"A" * 3000, b"Expect: 100-continue"]
    for _ in range(10):
        sockets = []
        for _ in range(200):
            data = b"".join(generator.choice(pieces) for _ in range(generator.randrange(1, 14)))
            sockets.append(send(data))
            try:
                sockets[-1].shutdown(socket.SHUT_WR)
            except OSError:
                pass
        for sock in sockets:
            try:
                while sock.recv(65536):
                    pass
            except ConnectionResetError:
                pass
            sock.close()
    still_well()


def slow_ones_at_once():
    """The tests that wait, side by side."""
    tests = [a_slow_header_is_cut, a_slow_request_line_is_cut, a_slow_body_is_cut,
             an_answer_nobody_takes_is_cut]
    failures = []

    def one(test):
        try:
            test()
        except Exception as failure:
            failures.append((test.__name__, repr(failure)))

    threads = [threading.Thread(target=one, args=(test,)) for test in tests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    still_well()


TESTS = [
    keep_alive_carries_many_requests,
    pipelined_requests_are_answered_in_order,
    head_gives_the_headers_of_get,
    an_absolute_address_is_understood,
    chunked_bodies_are_taken,
    chunk_extensions_are_ignored_or_refused,
    trailers_change_nothing,
    a_client_may_wait_for_continue,
    http_1_0_is_answered_and_closed,
    gzip_bodies_are_taken,
    every_answer_carries_the_headers_that_protect,
    a_request_id_is_given_back_only_if_it_is_plain,
    links_never_come_from_the_host_header,
    content_length_with_transfer_encoding_is_refused,
    two_content_lengths_are_refused,
    content_lengths_that_are_no_numbers_are_refused,
    unknown_transfer_codings_are_refused,
    transfer_encoding_twice_is_refused,
    transfer_encoding_in_http_1_0_is_refused,
    folded_headers_are_refused,
    bare_line_feeds_are_refused,
    blanks_before_the_colon_are_refused,
    nul_and_control_characters_are_refused,
    request_lines_out_of_shape_are_refused,
    a_request_without_host_is_refused,
    bad_chunks_are_refused,
    a_body_that_stops_is_not_an_answer,
    unknown_expectations_are_refused,
    unknown_methods_are_refused,
    paths_out_of_shape_are_refused,
    what_is_not_offered_is_not_found,
    metrics_are_not_for_those_behind_a_proxy,
    headers_are_taken_up_to_the_limit,
    many_headers_are_refused,
    very_many_parameters_are_understood_or_refused,
    long_addresses_are_refused,
    an_endless_request_line_is_refused,
    a_body_above_the_limit_is_refused_before_it_is_read,
    an_endless_chunked_body_is_refused,
    a_long_body_is_not_read_from_who_may_not_send_it,
    gzip_that_is_damaged_or_a_bomb_is_refused,
    other_content_codings_are_refused,
    bodies_of_other_types_are_refused,
    a_missing_body_is_refused,
    slow_clients_do_not_slow_others,
    clients_that_go_away_are_no_harm,
    noise_is_no_harm,
    slow_ones_at_once,
]


def main():
    global server, token
    server = Server(sys.argv[1])
    try:
        token = server.token()
        status = run(TESTS, sys.argv[2:])
        assert server.stop() == 0, "the server did not end well"
    finally:
        server.close()
    sys.exit(status)


if __name__ == "__main__":
    main()
