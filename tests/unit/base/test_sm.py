"""SM3 and SM2 give the answers of the standards."""

import gmssl_pyx

from kaipiao.base.sm import is_signed, sm3

ABC = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
LONG = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
"""GB/T 32905-2016, appendix A."""


def test_sm3_gives_the_standards_answers() -> None:
    assert sm3(b"abc").hex() == ABC
    assert sm3(b"abcd" * 16).hex() == LONG


def test_both_libraries_agree_on_sm3() -> None:
    assert all(sm3(bytes(n)) == gmssl_pyx.sm3_hash(bytes(n)) for n in (0, 1, 55, 56, 64, 1000))


def test_a_signature_is_of_its_bytes_and_its_key() -> None:
    public, private = gmssl_pyx.sm2_key_generate()
    stranger, _ = gmssl_pyx.sm2_key_generate()
    signature = gmssl_pyx.sm2_sign(private, public, b"whole")

    assert is_signed(b"whole", signature=signature, public_key=public)
    assert not is_signed(b"whole.", signature=signature, public_key=public)
    assert not is_signed(b"whole", signature=signature, public_key=stranger)


def test_what_is_no_key_or_no_signature_has_signed_nothing() -> None:
    public, private = gmssl_pyx.sm2_key_generate()
    signature = gmssl_pyx.sm2_sign(private, public, b"whole")

    for wrong in (b"", bytes(64), bytes(63), b"\xff" * 64):
        assert not is_signed(b"whole", signature=signature, public_key=wrong)
    for wrong in (b"", b"\x30\x00", signature[:-1], signature + b"\0"):
        assert not is_signed(b"whole", signature=wrong, public_key=public)
