"""What is said of faults of form, in zh and en."""

from typing import Any

from kaipiao.fiscal.violation import Violation

NAME_CHARS_MAX = 100

SAYINGS: dict[str, tuple[str, str]] = {
    "not-utf8": (
        "内容不是 UTF-8 (第 {at} 字节)。请以 UTF-8 编码发送。",
        "This is not UTF-8 (byte {at}). Send UTF-8.",
    ),
    "not-json": (
        "内容不是 JSON: {why}。请检查括号、引号和逗号。",
        "This is not JSON: {why}. Look at the brackets, quotes and commas.",
    ),
    "too-deep": ("内容嵌套过深。请按接口文档的结构发送。", "This is nested too deeply."),
    "wrong-type": ("应为{zh_expected}, 实为{zh_got}。", "This should be {expected}, not {got}."),
    "unknown-member": (
        "没有这个字段: {name}。请检查拼写, 或删除。",
        "There is no such member: {name}. Look at its spelling, or leave it out.",
    ),
    "missing-member": ("缺少必填字段: {name}。", "A required member is missing: {name}."),
    "repeated-member": (
        "字段 {name} 出现了不止一次, 无法判断以哪个为准。请只保留一个。",
        "{name} is given more than once, so we cannot know which one you mean. Keep one.",
    ),
    "not-a-choice": ("只能是: {choices}。", "This must be one of: {choices}."),
    "out-of-range": ("须在 {low} 与 {high} 之间。", "This must be between {low} and {high}."),
    "wrong-length": ("长度须在 {low} 与 {high} 之间。", "The length must be {low} to {high}."),
    "wrong-form": ("格式不符: {why}。", "This does not have the right form: {why}."),
    "unpaired-surrogate": (
        "文字中有不成对的代理字符 (\\ud800 至 \\udfff), 不是有效的文字。",
        "The text holds an unpaired surrogate (\\ud800 to \\udfff), which is no character.",
    ),
    "unknown-parameter": (
        "没有这个查询参数。请检查拼写, 或删除。",
        "There is no such parameter here. Look at its spelling, or leave it out.",
    ),
    "repeated-parameter": ("该参数给出了不止一次。", "This parameter is given more than once."),
    "empty-parameter": (
        "该参数为空。请填写, 或删除。",
        "This parameter is empty. Fill it, or leave it out.",
    ),
    "wrong-parameter": (
        "参数不符合要求: {why}。",
        "This parameter is not as it should be: {why}.",
    ),
    "missing-parameter": ("缺少查询参数 {name}。", "A query parameter is missing: {name}."),
}
"""Codes are a public contract, like those of rules; ``docs/reference/http.md`` lists them."""

_NAMES: dict[str, tuple[str, str]] = {
    "object": ("对象", "an object"),
    "array": ("数组", "an array"),
    "integer": ("整数", "a whole number"),
    "number": ("带小数或过大的数", "a fraction or a number too large"),
    "text": ("文字", "text"),
    "boolean": ("true 或 false", "true or false"),
    "null": (" null", "null"),
    "day": ("日期 (YYYY-MM-DD)", "a day (YYYY-MM-DD)"),
    "instant": ("时间 (RFC 3339)", "an instant (RFC 3339)"),
}


def fault(code: str, path: str, **facts: object) -> Violation:
    zh, en = SAYINGS[code]
    return Violation(code=code, path=path, zh=zh.format(**facts), en=en.format(**facts))


def wrong_type(expected: str, value: Any, path: str) -> Violation:
    zh_expected, en_expected = _NAMES[expected]
    zh_got, en_got = _NAMES[_name_of(value)]
    return fault(
        "wrong-type", path,
        zh_expected=zh_expected, zh_got=zh_got, expected=en_expected, got=en_got,
    )  # fmt: skip


def under(path: str, name: str) -> str:
    """The pointer to a member (RFC 6901)."""
    return f"{path}/{printable(name).replace('~', '~0').replace('/', '~1')}"


def printable(name: str) -> str:
    """Names come from outside: no surrogate may reach our own answer, and no kilobytes."""
    return name[:NAME_CHARS_MAX].encode("utf-8", "replace").decode()


def _name_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "object"
    names = {bool: "boolean", int: "integer", float: "number", str: "text", list: "array"}
    return names[type(value)]


def parameter_path(name: str) -> str:
    """How a query parameter is pointed at: ``?name``."""
    return f"?{printable(name)}" if name else ""
