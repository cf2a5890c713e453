"""``plain_answer.SlowAnswers``, compiled: the same bytes.

A receipt is written into a buffer on the stack.  Everything in it has a greatest length, which
is checked before it is written; what is longer, or needs escapes, is left to the slow one.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.string cimport memcpy

cdef enum:
    MAX_TEXT = 160  # a key has 128 characters at most, a seller 20, a number 20, an instant 29
    MAX_BODY = 1_024  # four texts, 64 digits of a digest, three of money, 120 of names
    MAX_VARIABLE = 1_024  # of the lines that others composed
    MAX_ANSWER = 3_072
    DIGITS = 20


cdef inline char* _put(char* to, const char* text, Py_ssize_t size) noexcept:
    memcpy(to, text, size)
    return to + size


cdef inline char* _put_bytes(char* to, bytes text) noexcept:
    return _put(to, PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))


cdef char* _put_number(char* to, long long value) noexcept:
    cdef char[DIGITS] digits
    cdef int at = DIGITS
    cdef unsigned long long rest = value
    if value < 0:
        rest = -rest
        to[0] = b"-"
        to += 1
    while True:
        at -= 1
        digits[at] = 48 + rest % 10
        rest //= 10
        if rest == 0:
            return _put(to, digits + at, DIGITS - at)


cdef char* _put_hex(char* to, const unsigned char* content, Py_ssize_t size) noexcept:
    cdef const char* digits = b"0123456789abcdef"
    cdef Py_ssize_t at
    for at in range(size):
        to[2 * at] = digits[content[at] >> 4]
        to[2 * at + 1] = digits[content[at] & 15]
    return to + 2 * size


cdef char* _put_text(char* to, str text) except? NULL:
    """Visible ASCII between quotes.  NULL without an error: it is not that, or is too long."""
    cdef Py_ssize_t size, at
    cdef const char* plain = PyUnicode_AsUTF8AndSize(text, &size)
    if size > MAX_TEXT:
        return NULL
    for at in range(size):
        if not 32 <= plain[at] < 127 or plain[at] == b'"' or plain[at] == b"\\":
            return NULL
    to[0] = b'"'
    memcpy(to + 1, plain, size)
    to[size + 1] = b'"'
    return to + size + 2


cdef class Answers:
    cdef bytes _policy
    cdef object _slow, _encode, _instant
    cdef bytes _instant_text

    def __init__(self, bytes policy, slow, encode):
        self._policy = policy
        self._slow = slow
        self._encode = encode
        self._instant = None

    def whole(self, receipt, bytes stamp, long long left, long long full_in_s, bytes request_id):
        cdef char[MAX_BODY] body
        cdef char[MAX_ANSWER] answer
        cdef char* to = self._put_receipt(body, receipt)
        cdef Py_ssize_t size = to - body
        cdef bint replayed = receipt.replayed
        if to is NULL or len(stamp) + len(self._policy) + len(request_id) > MAX_VARIABLE:
            return self._slow.whole(receipt, stamp, left, full_in_s, request_id)
        to = _put_bytes(answer, b"HTTP/1.1 200 OK\r\n" if replayed else b"HTTP/1.1 201 Created\r\n")
        to = _put_bytes(to, stamp)
        to = _put_bytes(to, b"content-type: application/json\r\ncache-control: no-store\r\n")
        to = _put_bytes(to, b"location: /v1/invoices/")
        to = _put(to, body + 11, 20)  # {"number":"…
        to = _put_bytes(to, b"\r\n")
        if replayed:
            to = _put_bytes(to, b"idempotency-replayed: true\r\n")
        to = _put_bytes(to, b"ratelimit-policy: ")
        to = _put_bytes(to, self._policy)
        to = _put_bytes(to, b'\r\nratelimit: "default";r=')
        to = _put_number(to, left)
        to = _put_bytes(to, b";t=")
        to = _put_number(to, full_in_s)
        to = _put_bytes(to, b"\r\ncontent-length: ")
        to = _put_number(to, size)
        to = _put_bytes(to, b"\r\nx-request-id: ")
        to = _put_bytes(to, request_id)
        to = _put_bytes(to, b"\r\n\r\n")
        to = _put(to, body, size)
        return PyBytes_FromStringAndSize(answer, to - answer)

    def result(self, long long line, receipt):
        cdef char[MAX_ANSWER] result
        cdef char* to = _put_bytes(result, b'{"line":')
        to = _put_number(to, line)
        to = _put_bytes(to, b',"status":200,"key":' if receipt.replayed else b',"status":201,"key":')
        to = _put_text(to, receipt.key)
        if to is not NULL:
            to = _put_bytes(to, b',"receipt":')
            to = self._put_receipt(to, receipt)
        if to is NULL:
            return self._slow.result(line, receipt)
        to = _put_bytes(to, b"}\n")
        return PyBytes_FromStringAndSize(result, to - result)

    cdef char* _put_receipt(self, char* to, receipt) except? NULL:
        """The receipt's JSON.  NULL without an error: something in it is not plain."""
        cdef bytes digest = receipt.digest
        cdef str number = receipt.number
        totals = receipt.totals
        instant = receipt.issued_at
        cdef long long net_fen = totals.net_fen, tax_fen = totals.tax_fen
        if len(digest) != 32 or len(number) != 20:
            return NULL
        if instant is not self._instant:  # all of a batch have the same
            self._instant, self._instant_text = instant, self._encode(instant)
        if len(self._instant_text) > MAX_TEXT:
            return NULL
        to = _put_text(_put_bytes(to, b'{"number":'), number)
        if to is NULL:
            return NULL
        to = _put_bytes(_put_bytes(to, b',"issued_at":'), self._instant_text)
        to = _put_text(_put_bytes(to, b',"seller":'), receipt.seller)
        if to is NULL:
            return NULL
        to = _put_text(_put_bytes(to, b',"key":'), receipt.key)
        if to is NULL:
            return NULL
        to = _put_hex(_put_bytes(to, b',"digest":"'), digest, 32)
        to = _put_number(_put_bytes(to, b'","totals":{"net_fen":'), net_fen)
        to = _put_number(_put_bytes(to, b',"tax_fen":'), tax_fen)
        to = _put_number(_put_bytes(to, b',"gross_fen":'), net_fen + tax_fen)
        return _put_bytes(to, b"}}")
