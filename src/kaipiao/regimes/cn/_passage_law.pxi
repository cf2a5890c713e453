# The law for plain drafts, and what their lines come to: ``plain.is_plain`` and ``fiscal.settle``
# on C structs.  Amounts have at most DIGITS digits and rates are the law's, so nothing overflows.

cdef uint8_t BASE_31[128]
for _place in range(128):
    BASE_31[_place] = 255
for _place, _character in enumerate(bytearray(b"0123456789ABCDEFGHJKLMNPQRTUWXY")):
    BASE_31[_character] = _place


cdef bint is_right_uscc(const uint8_t* id) noexcept nogil:
    """GB 32100-2015: weights 3^i mod 31, check (31 − Σ mod 31) mod 31."""
    cdef int total = 0, weight = 1, place
    for place in range(18):
        if id[place] >= 128 or BASE_31[id[place]] == 255:
            return False
        if place < 17:
            total += BASE_31[id[place]] * weight
            weight = weight * 3 % 31
    return BASE_31[id[17]] == (31 - total % 31) % 31


cdef bint is_right_resident(const uint8_t* id) noexcept nogil:
    """GB 11643-1999: weights 2^(17−i) mod 11, check by ISO 7064 MOD 11-2."""
    cdef int total = 0, place
    for place in range(17):
        if not 48 <= id[place] <= 57:
            return False
        total += (id[place] - 48) * ((1 << (17 - place)) % 11)
    return id[17] == (<const uint8_t*> b"10X98765432")[total % 11]


cdef bint is_right_id(Text* id) noexcept nogil:
    """The two shapes of eighteen characters; the rarer ones are for Python."""
    return id.size == 18 and (is_right_uscc(id.at) or is_right_resident(id.at))


cdef bint is_plain_party(Party* party) noexcept nogil:
    return (
        0 < party.name.length <= 100
        and party.name.at[0] > 32
        and party.address.length + party.bank.length + party.account.length
        + party.telephone.length <= 300
        and party.bank.length <= 120
        and party.account.length <= 50
        and party.telephone.length <= 60
        and (party.taxpayer_id.size == 0 or is_right_id(&party.taxpayer_id))
    )


cdef bint is_item_name(Text* name) noexcept nogil:
    """``*short category*item``; of white space only the plain one can be shown."""
    cdef int place = 2
    if not 3 < name.size or name.length > 100:
        return False
    if name.at[0] != 42 or name.at[1] == 42 or name.at[1] == 32:
        return False
    while place < name.size and name.at[place] != 42:
        place += 1
    place += 1
    while place < name.size:
        if name.at[place] != 32:
            return True
        place += 1
    return False


cdef bint is_plain_text(Line* line) noexcept nogil:
    cdef int place
    if line.tax_class.size != 19 or line.spec.length > 40 or line.unit.length > 22:
        return False
    for place in range(19):
        if not 48 <= line.tax_class.at[place] <= 57:
            return False
    return is_item_name(&line.name)


cdef int64_t tax_on_net(int64_t net_fen, int64_t rate_bp) noexcept nogil:
    if net_fen >= 0:
        return (2 * net_fen * rate_bp + BP) // (2 * BP)
    return -((-2 * net_fen * rate_bp + BP) // (2 * BP))


cdef int64_t net_of_gross(int64_t gross_fen, int64_t rate_bp) noexcept nogil:
    cdef int64_t size_fen = gross_fen if gross_fen >= 0 else -gross_fen
    cdef int64_t net_fen = (2 * BP * size_fen + BP + rate_bp) // (2 * (BP + rate_bp))
    return net_fen if gross_fen >= 0 else -net_fen


cdef bint read_decimal(Text* text, int64_t* digits, int* decimals) noexcept nogil:
    """A positive decimal of at most DIGITS digits in the trade's one spelling."""
    cdef int place = 0, point = -1
    cdef uint8_t here
    digits[0] = 0
    if not 0 < text.size <= DIGITS:
        return False
    if text.at[0] == 48 and text.size > 1 and text.at[1] != 46:
        return False
    for place in range(text.size):
        here = text.at[place]
        if 48 <= here <= 57:
            digits[0] = digits[0] * 10 + here - 48
        elif here == 46 and point < 0 and 0 < place < text.size - 1:
            point = place
        else:
            return False
    decimals[0] = 0 if point < 0 else text.size - 1 - point
    return (
        digits[0] > 0
        and decimals[0] <= 13
        and (text.size if point < 0 else point) <= 12
    )


cdef bint is_right_product(Line* line, int64_t amount_fen, int64_t within_fen) noexcept nogil:
    """|quantity × price − amount| ≤ within, all times 100 × 10^decimals."""
    cdef int64_t quantity, price
    cdef int decimals, more, place
    cdef int128 one_fen = 1, error
    if line.quantity.size == 0 and line.unit_price.size == 0:
        return True
    if not read_decimal(&line.quantity, &quantity, &decimals):
        return False
    if not read_decimal(&line.unit_price, &price, &more) or decimals + more > DECIMALS:
        return False
    for place in range(decimals + more):
        one_fen *= 10
    error = <int128> quantity * price * 100 - amount_fen * one_fen
    if error < 0:
        error = -error
    return error <= within_fen * one_fen


cdef inline bint is_same(Text* one, Text* other) noexcept nogil:
    return one.size == other.size and memcmp(one.at, other.at, one.size) == 0


cdef bint is_plain_discount(Line* line, Line* above) noexcept nogil:
    """Like its line, smaller than it, given the same way, and no tax given for either."""
    cdef int64_t off_fen, amount_fen
    if line.net_fen.given != above.net_fen.given or line.tax_fen.given or above.tax_fen.given:
        return False
    if line.net_fen.given:
        if line.gross_fen.given or above.gross_fen.given:
            return False
        off_fen, amount_fen = line.net_fen.value, above.net_fen.value
    else:
        if not (line.gross_fen.given and above.gross_fen.given):
            return False
        off_fen, amount_fen = line.gross_fen.value, above.gross_fen.value
    return (
        -amount_fen < off_fen < 0
        and is_same(&line.name, &above.name)
        and is_same(&line.tax_class, &above.tax_class)
        and line.rate_bp.value == above.rate_bp.value
        and line.treatment == above.treatment
        and line.spec.size + line.unit.size + line.quantity.size + line.unit_price.size == 0
    )
