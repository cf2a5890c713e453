# From JSON to C structs.  Every function is False or NULL for whatever it does not know.

cdef struct Text:
    const uint8_t* at
    int size           # bytes
    int length         # characters


cdef struct Number:
    int64_t value
    bint given


cdef struct Party:
    Text name, taxpayer_id, address, telephone, bank, account
    bint natural_person


cdef struct Line:
    Text name, tax_class, spec, unit, quantity, unit_price
    Number rate_bp, net_fen, gross_fen, tax_fen, deduction_fen
    int nature, treatment  # places in NATURES, TREATMENTS


cdef struct Draft:
    Text issuer, payee, reviewer, remark
    Party seller, buyer
    int kind, scheme       # places in KINDS, SCHEMES
    int count              # of lines


cdef struct Input:
    const uint8_t* at      # the NUL behind every bytes object stops all loops below
    const uint8_t* shown   # one bit for each character of the BMP
    uint8_t* room          # where texts with escapes are written out, as large as the body


cdef const char* PARTY[7]
cdef const char* LINE[13]
cdef const char* DRAFT[12]
cdef const char* KINDS[2]
cdef const char* SCHEMES[2]
cdef const char* NATURES[3]
cdef const char* TREATMENTS[4]
cdef const char* MARGINS[1]
cdef const char* KEYED[2]
PARTY[:] = ["name", "taxpayer_id", "address", "telephone", "bank", "account", "natural_person"]
LINE[:] = ["name", "tax_class", "rate_bp", "net_fen", "gross_fen", "tax_fen", "spec", "unit",
           "quantity", "unit_price", "nature", "treatment", "deduction_fen"]
DRAFT[:] = ["kind", "seller", "buyer", "lines", "issuer", "payee", "reviewer", "remark",
            "scheme", "margin", "element", "reversal"]
KINDS[:] = ["special", "ordinary"]
SCHEMES[:] = ["general", "small_scale"]
NATURES[:] = ["normal", "discount", "discounted"]
TREATMENTS[:] = ["taxed", "zero_rated", "exempt", "untaxed"]
MARGINS[:] = ["none"]
KEYED[:] = ["key", "draft"]

cdef enum:
    SPECIAL = 0
    NORMAL = 0
    DISCOUNT = 1
    DISCOUNTED = 2
    TAXED = 0
    NEEDED_OF_PARTY = 0b1        # bits by place in PARTY, LINE, DRAFT
    NEEDED_OF_LINE = 0b111
    NEEDED_OF_DRAFT = 0b11111


cdef inline uint8_t peek(Input* given) noexcept nogil:
    """The next byte that is no white space, and we stand on it."""
    while given.at[0] == 32 or 9 <= given.at[0] <= 10 or given.at[0] == 13:
        given.at += 1
    return given.at[0]


cdef inline bint take(Input* given, uint8_t wanted) noexcept nogil:
    if peek(given) != wanted:
        return False
    given.at += 1
    return True


cdef inline int place_of(Text* text, const char** names, int count) noexcept nogil:
    """Which of the names it is, or -1."""
    cdef int place
    for place in range(count):
        if strncmp(names[place], <const char*> text.at, text.size) == 0:
            if names[place][text.size] == 0:
                return place
    return -1


cdef inline int hex_of(const uint8_t* at) noexcept nogil:
    """Four hexadecimal digits, or -1."""
    cdef int value = 0, place, digit
    for place in range(4):
        digit = at[place]
        if 48 <= digit <= 57:
            digit -= 48
        elif 97 <= (digit | 32) <= 102:
            digit = (digit | 32) - 87
        else:
            return -1
        value = value * 16 + digit
    return value


cdef inline int character_at(const uint8_t* at, int* size) noexcept nogil:
    """The character of two or three bytes of UTF-8 there, or -1: as strict as RFC 3629."""
    cdef int value
    if (at[0] & 0xE0) == 0xC0 and (at[1] & 0xC0) == 0x80:
        size[0] = 2
        value = (at[0] & 0x1F) << 6 | (at[1] & 0x3F)
        return value if value >= 0x80 else -1
    if (at[0] & 0xF0) == 0xE0 and (at[1] & 0xC0) == 0x80 and (at[2] & 0xC0) == 0x80:
        size[0] = 3
        value = (at[0] & 0x0F) << 12 | (at[1] & 0x3F) << 6 | (at[2] & 0x3F)
        return value if value >= 0x800 else -1
    return -1


cdef inline bint is_shown(Input* given, int character) noexcept nogil:
    return (given.shown[character >> 3] >> (character & 7)) & 1


cdef bint read_text(Input* given, Text* text) noexcept nogil:
    """A text of characters that can be shown, none of which JSON has to escape."""
    cdef int character, size = 1
    if not take(given, 34):
        return False
    text.at = given.at
    text.length = 0
    while given.at[0] != 34:
        if given.at[0] == 92:
            return read_escaped(given, text)
        if given.at[0] < 0x80:
            character, size = given.at[0], 1
        else:
            character = character_at(given.at, &size)
        if character < 0 or not is_shown(given, character):
            return False
        given.at += size
        text.length += 1
    text.size = <int> (given.at - text.at)
    given.at += 1
    return True


cdef bint read_escaped(Input* given, Text* text) noexcept nogil:
    """The rest of a text from its first \\uXXXX on; written out, for it lies elsewhere shorter."""
    cdef int character, size = 1
    cdef uint8_t* start = given.room
    memcpy(start, text.at, given.at - text.at)
    given.room += given.at - text.at
    while given.at[0] != 34:
        if given.at[0] == 92:
            character = hex_of(given.at + 2) if given.at[1] == 117 else -1
            if character < 0x80 or 0xD800 <= character <= 0xDFFF:
                return False
            given.at += 6
            if character < 0x800:
                given.room[0] = 0xC0 | character >> 6
                given.room += 1
            else:
                given.room[0] = 0xE0 | character >> 12
                given.room[1] = 0x80 | (character >> 6 & 0x3F)
                given.room += 2
            given.room[0] = 0x80 | (character & 0x3F)
            given.room += 1
        else:
            if given.at[0] < 0x80:
                character, size = given.at[0], 1
            else:
                character = character_at(given.at, &size)
            if character < 0:
                return False
            memcpy(given.room, given.at, size)
            given.at += size
            given.room += size
        if not is_shown(given, character):
            return False
        text.length += 1
    text.at = start
    text.size = <int> (given.room - start)
    given.at += 1
    return True


cdef inline bint read_word(Input* given, const char* word, int size) noexcept nogil:
    if strncmp(<const char*> given.at, word, size) != 0:
        return False
    given.at += size
    return True


cdef bint read_number(Input* given, Number* number, bint or_null) noexcept nogil:
    """A whole number of at most DIGITS digits, spelt as we would spell it."""
    cdef bint negative = False
    cdef int digits = 0
    if or_null and peek(given) == 110:
        return read_word(given, "null", 4)
    if peek(given) == 45:
        negative = True
        given.at += 1
    if given.at[0] == 48 and (negative or 48 <= given.at[1] <= 57):
        return False
    number.value = 0
    while 48 <= given.at[0] <= 57:
        number.value = number.value * 10 + given.at[0] - 48
        given.at += 1
        digits += 1
        if digits > DIGITS:
            return False
    if negative:
        number.value = -number.value
    number.given = True
    return digits > 0


cdef bint read_choice(Input* given, int* place, const char** names, int count) noexcept nogil:
    cdef Text text
    if not read_text(given, &text):
        return False
    place[0] = place_of(&text, names, count)
    return place[0] >= 0


cdef bint read_bool(Input* given, bint* value) noexcept nogil:
    value[0] = peek(given) == 116
    return read_word(given, "true", 4) if value[0] else read_word(given, "false", 5)


cdef int next_member(
    Input* given, uint32_t* seen, const char** names, int count
) noexcept nogil:
    """The place of the next member's name, its value before us; count at the end; -1: not known.

    Call it first with the opening brace behind us and nothing seen.
    """
    cdef Text name
    cdef int place
    if peek(given) == 125:
        given.at += 1
        return count if seen[0] or count == 0 else -1
    if seen[0] and not take(given, 44):
        return -1
    if not read_text(given, &name) or not take(given, 58):
        return -1
    place = place_of(&name, names, count)
    if place < 0 or seen[0] >> place & 1:
        return -1
    seen[0] |= 1 << place
    peek(given)
    return place


cdef bint read_party(Input* given, Party* party) noexcept nogil:
    cdef uint32_t seen = 0
    cdef int place
    cdef bint fine = take(given, 123)
    while fine:
        place = next_member(given, &seen, PARTY, 7)
        if place == 0:
            fine = read_text(given, &party.name)
        elif place == 1:
            fine = read_text(given, &party.taxpayer_id)
        elif place == 2:
            fine = read_text(given, &party.address)
        elif place == 3:
            fine = read_text(given, &party.telephone)
        elif place == 4:
            fine = read_text(given, &party.bank)
        elif place == 5:
            fine = read_text(given, &party.account)
        elif place == 6:
            fine = read_bool(given, &party.natural_person)
        else:
            return place == 7 and seen & NEEDED_OF_PARTY == NEEDED_OF_PARTY
    return False


cdef bint read_line(Input* given, Line* line) noexcept nogil:
    cdef uint32_t seen = 0
    cdef int place
    cdef bint fine = take(given, 123)
    while fine:
        place = next_member(given, &seen, LINE, 13)
        if place == 0:
            fine = read_text(given, &line.name)
        elif place == 1:
            fine = read_text(given, &line.tax_class)
        elif place == 2:
            fine = read_number(given, &line.rate_bp, False)
        elif place == 3:
            fine = read_number(given, &line.net_fen, True)
        elif place == 4:
            fine = read_number(given, &line.gross_fen, True)
        elif place == 5:
            fine = read_number(given, &line.tax_fen, True)
        elif place == 6:
            fine = read_text(given, &line.spec)
        elif place == 7:
            fine = read_text(given, &line.unit)
        elif place == 8:
            fine = read_text(given, &line.quantity)
        elif place == 9:
            fine = read_text(given, &line.unit_price)
        elif place == 10:
            fine = read_choice(given, &line.nature, NATURES, 3)
        elif place == 11:
            fine = read_choice(given, &line.treatment, TREATMENTS, 4)
        elif place == 12:
            fine = read_number(given, &line.deduction_fen, False)
        else:
            return place == 13 and seen & NEEDED_OF_LINE == NEEDED_OF_LINE
    return False


cdef bint read_lines(Input* given, Line* lines, int* count) noexcept nogil:
    if not take(given, 91):
        return False
    count[0] = 0
    while count[0] < LINES:
        memset(&lines[count[0]], 0, sizeof(Line))
        if not read_line(given, &lines[count[0]]):
            return False
        count[0] += 1
        if not take(given, 44):
            return take(given, 93)
    return False


cdef bint read_draft(Input* given, Draft* draft, Line* lines) noexcept nogil:
    cdef uint32_t seen = 0
    cdef int place, margin
    cdef bint fine = take(given, 123)
    while fine:
        place = next_member(given, &seen, DRAFT, 12)
        if place == 0:
            fine = read_choice(given, &draft.kind, KINDS, 2)
        elif place == 1:
            fine = read_party(given, &draft.seller)
        elif place == 2:
            fine = read_party(given, &draft.buyer)
        elif place == 3:
            fine = read_lines(given, lines, &draft.count)
        elif place == 4:
            fine = read_text(given, &draft.issuer)
        elif place == 5:
            fine = read_text(given, &draft.payee)
        elif place == 6:
            fine = read_text(given, &draft.reviewer)
        elif place == 7:
            fine = read_text(given, &draft.remark)
        elif place == 8:
            fine = read_choice(given, &draft.scheme, SCHEMES, 2)
        elif place == 9:
            fine = read_choice(given, &margin, MARGINS, 1)
        elif place == 10 or place == 11:
            fine = read_word(given, "null", 4)
        else:
            return place == 12 and seen & NEEDED_OF_DRAFT == NEEDED_OF_DRAFT
    return False


cdef bint read_keyed(Input* given, Text* key, Draft* draft, Line* lines) noexcept nogil:
    cdef uint32_t seen = 0
    cdef int place
    cdef bint fine = take(given, 123)
    while fine:
        place = next_member(given, &seen, KEYED, 2)
        if place == 0:
            fine = read_text(given, key) and is_key(key)
        elif place == 1:
            fine = read_draft(given, draft, lines)
        else:
            return place == 2 and seen == 0b11
    return False


cdef inline bint is_key(Text* key) noexcept nogil:
    """``fiscal.invoice.parse_key``: visible ASCII; two characters of it JSON escapes, not we."""
    cdef int place
    for place in range(key.size):
        if not 32 < key.at[place] < 127:
            return False
    return 0 < key.size <= 128
