"""SM3 and SM2 give the answers of the standards."""

import gmssl_pyx
import pytest

from kaipiao.base import libcrypto
from kaipiao.base.sm import SIGNER_ID, Gmssl, Sm2, SmBroken, is_signed, make_keys, prove, sm3

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


class Liar:
    """An SM2 that calls everything signed, or nothing."""

    def __init__(self, says: bool) -> None:
        self._says = says

    def is_signed(self, data: bytes, signature: bytes, public_key: bytes, signer_id: bytes) -> bool:
        return self._says

    def sign(self, data: bytes, private_key: bytes, public_key: bytes, signer_id: bytes) -> bytes:
        return Gmssl().sign(data, private_key, public_key, signer_id)


class Scribbler(Gmssl):
    """Verifies well, and signs with a key of its own."""

    def sign(self, data: bytes, private_key: bytes, public_key: bytes, signer_id: bytes) -> bytes:
        return super().sign(data, *make_keys(), signer_id)


@pytest.mark.parametrize("engine", [Liar(True), Liar(False), Scribbler()])
def test_who_gets_the_standards_example_wrong_is_not_asked_again(engine: Sm2) -> None:
    with pytest.raises(SmBroken):
        prove(engine)


def test_openssl_and_gmssl_agree_with_the_standard_and_with_each_other() -> None:
    openssl, gmssl = libcrypto.load(), Gmssl()
    prove(gmssl)
    if openssl is None:
        pytest.skip("no OpenSSL 3 on this machine")
    prove(openssl)
    private, public = make_keys()
    for text in (b"", b"a text", bytes(5_000)):
        for one, other in ((openssl, gmssl), (gmssl, openssl)):
            signature = one.sign(text, private, public, SIGNER_ID)
            assert other.is_signed(text, signature, public, SIGNER_ID)
            assert not other.is_signed(text + b"!", signature, public, SIGNER_ID)
            assert not other.is_signed(text, signature, make_keys()[1], SIGNER_ID)


def test_openssl_is_left_without_errors_that_others_could_take_for_theirs() -> None:
    openssl = libcrypto.load()
    if openssl is None:
        pytest.skip("no OpenSSL 3 on this machine")
    _, public = make_keys()

    for key, signature in ((bytes(64), b"0"), (public, b"0"), (public, bytes(71))):
        assert not openssl.is_signed(b"a text", signature, key, SIGNER_ID)
        assert openssl.leaves_no_error()
