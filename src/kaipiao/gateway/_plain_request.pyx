"""``plain_request.slow_scan``, compiled: the same answers, from one pass over the bytes."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.string cimport memcmp

cdef enum:
    MAX_BODY_BYTES = 65536
    KEY_MAX = 128

cdef bytes LINE = b"POST /v1/invoices HTTP/1.1\r\n"

cdef bytes NOTHING = b""

cdef unsigned char[256] IN_NAME
cdef unsigned char[256] IN_VALUE
for byte in range(256):
    IN_NAME[byte] = byte < 128 and (chr(byte).isalnum() or byte in b"_-")
    IN_VALUE[byte] = 32 <= byte < 127


cdef inline bint _is(const unsigned char* name, const char* expected, Py_ssize_t size) noexcept:
    """Whether a name of this size is the expected one, in any case."""
    cdef Py_ssize_t at
    for at in range(size):
        if name[at] | 32 != <unsigned char> expected[at]:
            return False
    return True


cdef inline object _slice(const unsigned char* start, Py_ssize_t size):
    return PyBytes_FromStringAndSize(<const char*> start, size)


cdef Py_ssize_t _length(const unsigned char* digits, Py_ssize_t size) noexcept:
    """What a content-length says; -1: it is none that we take."""
    cdef Py_ssize_t at, length = 0
    if size > 5:
        return -1
    for at in range(size):
        if not 48 <= digits[at] <= 57:
            return -1
        length = length * 10 + digits[at] - 48
    return length


def scan(bytes data, Py_ssize_t max_headers):
    cdef const unsigned char* p = data
    cdef Py_ssize_t size = len(data), at = len(LINE), length = -1, headers = 0
    cdef Py_ssize_t start, name_size, value, value_size, n
    cdef object authorization = None, key = None, media_type = None, name = None, languages = None
    cdef bint connection = False
    if size <= at or memcmp(p, <const char*> LINE, at) != 0:
        return None
    # A bytes object ends in a NUL, which is in no name and in no value: no pass runs past it.
    while True:
        start = at
        while IN_NAME[p[at]]:
            at += 1
        name_size = at - start
        if name_size == 0:
            break
        if p[at] != b":":
            return None
        at += 1
        if p[at] == b" ":
            at += 1
        value = at
        while IN_VALUE[p[at]]:
            at += 1
        value_size = at - value
        if value_size == 0 or p[value] == b" " or p[at - 1] == b" ":
            return None
        if p[at] != b"\r" or p[at + 1] != b"\n":
            return None
        at += 2
        headers += 1
        if headers > max_headers:
            return None
        if name_size == 6:
            if _is(p + start, b"expect", 6):
                return None
        elif name_size == 7:
            if _is(p + start, b"upgrade", 7):
                return None
        elif name_size == 10:
            if _is(p + start, b"connection", 10):
                if connection or value_size != 10 or not _is(p + value, b"keep-alive", 10):
                    return None
                connection = True
        elif name_size == 12:
            if _is(p + start, b"content-type", 12):
                if media_type is not None or value_size < 16:
                    return None
                if memcmp(p + value, b"application/json", 16) != 0:
                    return None
                if value_size > 16 and p[value + 16] != b";":
                    return None
                media_type = True
            elif _is(p + start, b"x-request-id", 12):
                if name is not None:
                    return None
                name = _slice(p + value, value_size)
        elif name_size == 13:
            if _is(p + start, b"authorization", 13):
                if authorization is not None:
                    return None
                authorization = _slice(p + value, value_size)
        elif name_size == 14:
            if _is(p + start, b"content-length", 14):
                if length >= 0:
                    return None
                length = _length(p + value, value_size)
                if length < 0:
                    return None
        elif name_size == 15:
            if _is(p + start, b"idempotency-key", 15):
                if key is not None or value_size > KEY_MAX:
                    return None
                for n in range(value, value + value_size):
                    if p[n] == b" ":
                        return None
                key = PyUnicode_DecodeASCII(<const char*> p + value, value_size, NULL)
            elif _is(p + start, b"accept-language", 15):
                if languages is not None:
                    return None
                languages = _slice(p + value, value_size)
        elif name_size == 16:
            if _is(p + start, b"content-encoding", 16) or _is(p + start, b"proxy-connection", 16):
                return None
        elif name_size == 17:
            if _is(p + start, b"transfer-encoding", 17):
                return None
    if p[at] != b"\r" or p[at + 1] != b"\n":
        return None
    at += 2
    if authorization is None or key is None or length != size - at or length > MAX_BODY_BYTES:
        return None
    return (
        authorization,
        key,
        NOTHING if name is None else name,
        NOTHING if languages is None else languages,
        _slice(p + at, length),
    )
