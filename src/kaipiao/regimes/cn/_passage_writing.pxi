# From C structs to canonical bytes: fields in the order of their class, defaults left out.

cdef inline uint8_t* put(uint8_t* out, const char* text, int size) noexcept nogil:
    memcpy(out, text, size)
    return out + size


cdef inline uint8_t* put_text(uint8_t* out, const char* lead, int size, Text* text) noexcept nogil:
    """``lead`` is a comma or a brace, the name, a colon; nothing is written of an empty text."""
    if text.size == 0:
        return out
    out = put(out, lead, size)
    out[0] = 34
    memcpy(out + 1, text.at, text.size)
    out[text.size + 1] = 34
    return out + text.size + 2


cdef uint8_t* put_number(uint8_t* out, const char* lead, int size, Number* number) noexcept nogil:
    cdef uint8_t digits[20]
    cdef int count = 0
    cdef int64_t left = number.value
    if not number.given:
        return out
    out = put(out, lead, size)
    if left < 0:
        out[0] = 45
        out += 1
        left = -left
    while left or count == 0:
        digits[count] = 48 + left % 10
        left //= 10
        count += 1
    while count:
        count -= 1
        out[0] = digits[count]
        out += 1
    return out


cdef uint8_t* put_choice(
    uint8_t* out, const char* lead, int size, const char* chosen
) noexcept nogil:
    cdef Text text
    text.at, text.size = <const uint8_t*> chosen, <int> strlen(chosen)
    return put_text(out, lead, size, &text)


cdef uint8_t* put_party(uint8_t* out, Party* party) noexcept nogil:
    out = put_text(out, '{"name":', 8, &party.name)
    out = put_text(out, ',"taxpayer_id":', 15, &party.taxpayer_id)
    out = put_text(out, ',"address":', 11, &party.address)
    out = put_text(out, ',"telephone":', 13, &party.telephone)
    out = put_text(out, ',"bank":', 8, &party.bank)
    out = put_text(out, ',"account":', 11, &party.account)
    if party.natural_person:
        out = put(out, ',"natural_person":true', 22)
    return put(out, "}", 1)


cdef uint8_t* put_line(uint8_t* out, Line* line) noexcept nogil:
    out = put_text(out, '{"name":', 8, &line.name)
    out = put_text(out, ',"tax_class":', 13, &line.tax_class)
    out = put_number(out, ',"rate_bp":', 11, &line.rate_bp)
    out = put_number(out, ',"net_fen":', 11, &line.net_fen)
    out = put_number(out, ',"gross_fen":', 13, &line.gross_fen)
    out = put_number(out, ',"tax_fen":', 11, &line.tax_fen)
    out = put_text(out, ',"spec":', 8, &line.spec)
    out = put_text(out, ',"unit":', 8, &line.unit)
    out = put_text(out, ',"quantity":', 12, &line.quantity)
    out = put_text(out, ',"unit_price":', 14, &line.unit_price)
    if line.nature != NORMAL:
        out = put_choice(out, ',"nature":', 10, NATURES[line.nature])
    if line.treatment != TAXED:
        out = put_choice(out, ',"treatment":', 13, TREATMENTS[line.treatment])
    return put(out, "}", 1)


cdef uint8_t* put_draft(uint8_t* out, Draft* draft, Line* lines) noexcept nogil:
    """A draft that the law found plain: what must not be empty is not."""
    cdef int place
    out = put_choice(out, '{"kind":', 8, KINDS[draft.kind])
    out = put_party(put(out, ',"seller":', 10), &draft.seller)
    out = put_party(put(out, ',"buyer":', 9), &draft.buyer)
    out = put(out, ',"lines":[', 10)
    for place in range(draft.count):
        if place:
            out = put(out, ",", 1)
        out = put_line(out, &lines[place])
    out = put(out, "]", 1)
    out = put_text(out, ',"issuer":', 10, &draft.issuer)
    out = put_text(out, ',"payee":', 9, &draft.payee)
    out = put_text(out, ',"reviewer":', 12, &draft.reviewer)
    out = put_text(out, ',"remark":', 10, &draft.remark)
    if draft.scheme:
        out = put_choice(out, ',"scheme":', 10, SCHEMES[draft.scheme])
    return put(out, "}", 1)
