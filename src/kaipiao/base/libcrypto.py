"""SM2 by the system's OpenSSL, through ctypes: several times faster than any wheel.

Python's own ``ssl`` offers no SM2, and a Python that was built alone may find no libcrypto: then
``load`` says None, and whoever asked has another way.
"""

import ctypes
from contextlib import ExitStack
from functools import cache

NAMES = ("libcrypto.so.3", "libcrypto.so.4", "libcrypto.3.dylib")
"""OpenSSL 3 and later: in 1.1 the signer's id cannot be set by a function."""
SIGNATURE_BYTES_MAX = 80

_CURVE = bytes.fromhex("06072a8648ce3d020106082a811ccf5501822d")
"""id-ecPublicKey over SM2, as DER has it in every key."""
_PUBLIC_HEAD = bytes.fromhex("30593013") + _CURVE + bytes.fromhex("03420004")
_PRIVATE_HEAD = bytes.fromhex("3081870201003013") + _CURVE + bytes.fromhex("046d306b0201010420")
_PRIVATE_MIDDLE = bytes.fromhex("a14403420004")

_Pointer = ctypes.c_void_p
_bytes, _size = ctypes.c_char_p, ctypes.c_size_t
_PROTOTYPES: dict[str, tuple[object, tuple[object, ...]]] = {
    "ERR_clear_error": (None, ()),
    "ERR_peek_error": (ctypes.c_ulong, ()),
    "d2i_PUBKEY": (_Pointer, (_Pointer, _Pointer, ctypes.c_long)),
    "d2i_AutoPrivateKey": (_Pointer, (_Pointer, _Pointer, ctypes.c_long)),
    "EVP_PKEY_free": (None, (_Pointer,)),
    "EVP_PKEY_CTX_new": (_Pointer, (_Pointer, _Pointer)),
    "EVP_PKEY_CTX_set1_id": (ctypes.c_int, (_Pointer, _bytes, ctypes.c_int)),
    "EVP_PKEY_CTX_free": (None, (_Pointer,)),
    "EVP_MD_CTX_new": (_Pointer, ()),
    "EVP_MD_CTX_set_pkey_ctx": (None, (_Pointer, _Pointer)),
    "EVP_MD_CTX_free": (None, (_Pointer,)),
    "EVP_sm3": (_Pointer, ()),
    "EVP_DigestSignInit": (ctypes.c_int, (_Pointer, _Pointer, _Pointer, _Pointer, _Pointer)),
    "EVP_DigestSign": (ctypes.c_int, (_Pointer, _bytes, ctypes.POINTER(_size), _bytes, _size)),
    "EVP_DigestVerifyInit": (ctypes.c_int, (_Pointer, _Pointer, _Pointer, _Pointer, _Pointer)),
    "EVP_DigestVerify": (ctypes.c_int, (_Pointer, _bytes, _size, _bytes, _size)),
}


class LibcryptoFailed(Exception):
    """OpenSSL refused a key that we made, or a step that cannot fail."""


class Sm2:
    """SM2 with SM3.  Keys and signatures as in ``base.sm``."""

    def __init__(self, library: ctypes.CDLL) -> None:
        for name, (result, arguments) in _PROTOTYPES.items():
            function = getattr(library, name)  # AttributeError: an OpenSSL without SM2
            function.restype, function.argtypes = result, arguments
        self._call = library

    def is_signed(self, data: bytes, signature: bytes, public_key: bytes, signer_id: bytes) -> bool:
        with self._tidy() as held:
            key = self._key(held, "d2i_PUBKEY", _PUBLIC_HEAD + public_key)
            if not key:  # no point of the curve
                return False
            context = self._context(held, key, signer_id)
            self._step("EVP_DigestVerifyInit", context, None, self._call.EVP_sm3(), None, key)
            good: int = self._call.EVP_DigestVerify(
                context, signature, len(signature), data, len(data)
            )
            return good == 1

    def sign(self, data: bytes, private_key: bytes, public_key: bytes, signer_id: bytes) -> bytes:
        with self._tidy() as held:
            der = _PRIVATE_HEAD + private_key + _PRIVATE_MIDDLE + public_key
            key = self._key(held, "d2i_AutoPrivateKey", der)
            if not key:
                raise LibcryptoFailed("d2i_AutoPrivateKey")
            context = self._context(held, key, signer_id)
            self._step("EVP_DigestSignInit", context, None, self._call.EVP_sm3(), None, key)
            room, length = ctypes.create_string_buffer(SIGNATURE_BYTES_MAX), _size(80)
            self._step("EVP_DigestSign", context, room, ctypes.byref(length), data, len(data))
            return room.raw[: length.value]

    def leaves_no_error(self) -> bool:
        """Whether this thread's queue of errors is empty, as Python's own ``ssl`` expects it."""
        return bool(self._call.ERR_peek_error() == 0)

    def _tidy(self) -> ExitStack:
        """Frees what it holds, and leaves no error behind: Python's ``ssl`` may read them as its
        own, for it shares this library with us.
        """
        held = ExitStack()
        held.callback(self._call.ERR_clear_error)
        return held

    def _key(self, held: ExitStack, reader: str, der: bytes) -> int | None:
        room = ctypes.create_string_buffer(der, len(der))
        at = ctypes.c_void_p(ctypes.addressof(room))
        key: int | None = getattr(self._call, reader)(None, ctypes.byref(at), len(der))
        held.callback(self._call.EVP_PKEY_free, key)
        return key

    def _context(self, held: ExitStack, key: int, signer_id: bytes) -> int:
        about_key = self._call.EVP_PKEY_CTX_new(key, None)
        held.callback(self._call.EVP_PKEY_CTX_free, about_key)
        self._step("EVP_PKEY_CTX_set1_id", about_key, signer_id, len(signer_id))
        context: int = self._call.EVP_MD_CTX_new()
        held.callback(self._call.EVP_MD_CTX_free, context)
        self._call.EVP_MD_CTX_set_pkey_ctx(context, about_key)
        return context

    def _step(self, name: str, *arguments: object) -> None:
        if getattr(self._call, name)(*arguments) != 1:
            raise LibcryptoFailed(name)


@cache
def load() -> Sm2 | None:
    """The system's SM2; None where there is none."""
    for name in NAMES:
        try:
            return Sm2(ctypes.CDLL(name))
        except (OSError, AttributeError):
            continue
    return None
