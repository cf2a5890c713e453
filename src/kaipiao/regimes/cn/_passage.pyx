# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The compiled twin of ``passage.Passage``: see there for what it promises.

It knows less than its twin: no escapes but \\uXXXX, nothing outside the BMP, at most LINES lines
and DIGITS digits to a number.  Whatever it does not know it gives back as None, and Python looks
again; so every doubt in here is answered by no.

Texts are never made into Python strings.  They are checked where they lie and copied into the
canonical bytes, which are never longer than the body: members move, spaces and defaults go.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memchr, memcmp, memcpy, memset, strlen, strncmp

cdef extern from *:
    ctypedef long long int128 "__int128"

cdef enum:
    LINES = 64
    RATES = 32
    DIGITS = 18    # of a whole number or a decimal
    BODY_MAX = 1 << 24  # bytes
    DECIMALS = 22  # of quantity and price together; with AMOUNT_MAX that stays below 2^127

cdef int64_t AMOUNT_MAX = 100_000_000_000_000
cdef int64_t BP = 10_000

include "_passage_reading.pxi"
include "_passage_writing.pxi"
include "_passage_law.pxi"


cdef class Passage:
    cdef bytes _shown
    cdef int64_t _rates[2][RATES]
    cdef int _rate_count[2]
    cdef int64_t _line_tax_fen, _invoice_tax_fen, _product_fen

    def __init__(self, law, bytes shown):
        assert len(shown) == 8192
        self._shown = shown
        for scheme, name in enumerate(("general", "small_scale")):
            rates = sorted(law.free_rates[name])
            assert len(rates) <= RATES and all(0 <= rate <= BP for rate in rates)
            self._rate_count[scheme] = len(rates)
            for place, rate in enumerate(rates):
                self._rates[scheme][place] = rate
        tolerances = law.tolerances
        self._line_tax_fen = tolerances.line_tax_fen
        self._invoice_tax_fen = tolerances.invoice_tax_fen
        self._product_fen = tolerances.product_fen

    def read(self, bytes body):
        return self._read(body, False)

    def read_keyed(self, bytes line):
        return self._read(line, True)

    cdef object _read(self, bytes body, bint keyed):
        cdef Input given
        cdef Draft draft
        cdef Line lines[LINES]
        cdef Text key
        cdef Py_ssize_t size = PyBytes_GET_SIZE(body)
        cdef const uint8_t* start = <const uint8_t*> PyBytes_AS_STRING(body)
        memset(&draft, 0, sizeof(Draft))
        given.at = start
        given.shown = <const uint8_t*> PyBytes_AS_STRING(self._shown)
        given.room = NULL
        if size > BODY_MAX:
            return None
        if memchr(start, 92, size) != NULL:
            given.room = <uint8_t*> PyMem_Malloc(size)
            if given.room == NULL:
                raise MemoryError
        cdef uint8_t* room = given.room
        try:
            if not (
                read_keyed(&given, &key, &draft, lines)
                if keyed
                else read_draft(&given, &draft, lines)
            ):
                return None
            peek(&given)
            if given.at != start + size:  # a NUL in the body stops us too
                return None
            if not self._is_plain(&draft) or not self._are_plain(&draft, lines):
                return None
            plain = self._give(&draft, lines, size)
            return (PyUnicode_DecodeASCII(<const char*> key.at, key.size, NULL), plain) if (
                keyed
            ) else plain
        finally:
            PyMem_Free(room)

    cdef bint _is_plain(self, Draft* draft) noexcept:
        cdef Party* buyer = &draft.buyer
        return (
            is_plain_party(&draft.seller)
            and is_plain_party(buyer)
            and draft.seller.taxpayer_id.size > 0
            and not is_same(&buyer.taxpayer_id, &draft.seller.taxpayer_id)
            and (draft.kind != SPECIAL or (buyer.taxpayer_id.size and not buyer.natural_person))
            and draft.issuer.size > 0
            and draft.issuer.at[0] > 32
            and draft.issuer.length + draft.payee.length + draft.reviewer.length <= 75
            and draft.remark.length <= 200
        )

    cdef bint _are_plain(self, Draft* draft, Line* lines) noexcept:
        cdef Line* line
        cdef Line* above = NULL  # the discounted line whose discount must come next
        cdef int64_t amount_fen, off_fen = 0
        cdef int place
        for place in range(draft.count):
            line = &lines[place]
            amount_fen = line.net_fen.value if line.net_fen.given else line.gross_fen.value
            if line.deduction_fen.value or not is_plain_text(line):
                return False
            if not (line.net_fen.given or line.gross_fen.given):
                return False
            if not self._is_plain_tax(draft, line, amount_fen, &off_fen):
                return False
            if line.nature == DISCOUNT:
                if above == NULL or not is_plain_discount(line, above):
                    return False
                above = NULL
            elif above != NULL or not 0 < amount_fen <= AMOUNT_MAX:
                return False
            elif line.nature == DISCOUNTED:
                above = line
            if not is_right_product(line, amount_fen, self._product_fen):
                return False
        return above == NULL and -self._invoice_tax_fen <= off_fen <= self._invoice_tax_fen

    cdef bint _is_plain_tax(
        self, Draft* draft, Line* line, int64_t amount_fen, int64_t* off_fen
    ) noexcept:
        """The tax within its tolerance if it is given, outright or as gross − net."""
        cdef Number tax_fen = line.tax_fen
        cdef int64_t base_fen, line_off_fen
        if line.gross_fen.given and line.net_fen.given:
            if not tax_fen.given:
                tax_fen.value = line.gross_fen.value - line.net_fen.value
                tax_fen.given = True
            elif line.net_fen.value + tax_fen.value != line.gross_fen.value:
                return False
        if line.treatment != TAXED:
            return draft.kind != SPECIAL and line.rate_bp.value == 0 and tax_fen.value == 0
        if not self._is_rate(draft.scheme, line.rate_bp.value):
            return False
        if not tax_fen.given:
            return True
        base_fen = amount_fen if line.net_fen.given else amount_fen - tax_fen.value
        if not -AMOUNT_MAX <= base_fen <= AMOUNT_MAX:
            return False
        line_off_fen = tax_fen.value - tax_on_net(base_fen, line.rate_bp.value)
        off_fen[0] += line_off_fen
        return (
            -self._line_tax_fen <= line_off_fen <= self._line_tax_fen
            and not (tax_fen.value < 0 < base_fen or base_fen < 0 < tax_fen.value)
        )

    cdef bint _is_rate(self, int scheme, int64_t rate_bp) noexcept:
        cdef int place
        for place in range(self._rate_count[scheme]):
            if self._rates[scheme][place] == rate_bp:
                return True
        return False

    cdef object _give(self, Draft* draft, Line* lines, Py_ssize_t size):
        cdef bytes out = PyBytes_FromStringAndSize(NULL, size)
        cdef uint8_t* start = <uint8_t*> PyBytes_AS_STRING(out)
        cdef Py_ssize_t written = put_draft(start, draft, lines) - start
        cdef int64_t net_fen, tax_fen, all_net_fen = 0, all_tax_fen = 0
        cdef Text* seller = &draft.seller.taxpayer_id
        cdef list amounts = []
        cdef int place
        assert written <= size
        for place in range(draft.count):
            settle_line(&lines[place], &net_fen, &tax_fen)
            amounts.append(net_fen)
            amounts.append(tax_fen)
            all_net_fen += net_fen
            all_tax_fen += tax_fen
        return (
            PyUnicode_DecodeASCII(<const char*> seller.at, seller.size, NULL),
            out if written == size else out[:written],
            tuple(amounts),
            all_net_fen,
            all_tax_fen,
        )


cdef void settle_line(Line* line, int64_t* net_fen, int64_t* tax_fen) noexcept:
    """``fiscal.settle``'s table."""
    cdef int64_t net = line.net_fen.value, gross = line.gross_fen.value
    if line.treatment != TAXED:
        net_fen[0], tax_fen[0] = net if line.net_fen.given else gross, 0
    elif line.net_fen.given:
        net_fen[0] = net
        if line.tax_fen.given:
            tax_fen[0] = line.tax_fen.value
        elif line.gross_fen.given:
            tax_fen[0] = gross - net
        else:
            tax_fen[0] = tax_on_net(net, line.rate_bp.value)
    elif line.tax_fen.given:
        net_fen[0], tax_fen[0] = gross - line.tax_fen.value, line.tax_fen.value
    else:
        net_fen[0] = net_of_gross(gross, line.rate_bp.value)
        tax_fen[0] = gross - net_fen[0]
