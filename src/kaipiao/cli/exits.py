"""Exit codes: a public contract, like the codes of refusals."""

OK = 0
NO = 1
USAGE = 2
OUTAGE = 3
DEFECT = 70
INTERRUPTED = 130
PIPE_CLOSED = 141

EXITS: dict[int, tuple[str, str]] = {
    OK: (
        "成功, 或答案为“是”。",
        "Done, or the answer is yes.",
    ),
    NO: (
        "已处理, 答案为“否”: 有违规、被拒绝、查验不符。",
        "Understood, and the answer is no: a violation, a refusal, a proof that does not hold.",
    ),
    USAGE: (
        "用法有误, 或文件无法读取; 什么也没有做。",
        "Wrong usage, or a file that cannot be read; nothing was done.",
    ),
    OUTAGE: (
        "对方没有应答, 结果未知; 原样重做是安全的。",
        "Something did not answer; the outcome is unknown, and doing the same again is safe.",
    ),
    DEFECT: (
        "程序缺陷, 请附上显示的内容报告给我们。",
        "A defect of ours. Please report it with what was shown.",
    ),
    INTERRUPTED: (
        "被 Ctrl-C 中断; 再次运行会接着做。",
        "Interrupted by Ctrl-C; running it again carries on.",
    ),
    PIPE_CLOSED: (
        "接收输出的程序提前结束。",
        "Whoever read our output stopped reading.",
    ),
}
