"""A child ends when nobody is left to tell it anything, even if its own work is stuck."""

import os
import subprocess
import sys
import time

from kaipiao.app.orders import Orders, encode_orders
from kaipiao.app.settings import Settings

SECRET = "postgresql://u:hunter2@h/d"
OBEDIENT = """
import time
from kaipiao.app.orders import receive_orders, say_ready
orders = receive_orders()
say_ready()
time.sleep(60)
"""
STUCK = """
import signal, time
from kaipiao.app.orders import receive_orders, say_ready
signal.signal(signal.SIGTERM, signal.SIG_IGN)
orders = receive_orders()
say_ready()
while True: time.sleep(0.01)
"""


def start(program: str) -> "subprocess.Popen[bytes]":
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    orders = Orders(settings=Settings(data="/nowhere", dsn=SECRET), dsn=SECRET, name="t")
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(encode_orders(orders))
    child.stdin.flush()
    assert child.stdout.readline() == b"ready\n"
    return child


def test_the_end_of_the_pipe_ends_the_child() -> None:
    with start(OBEDIENT) as child:
        assert child.stdin is not None
        child.stdin.close()
        child.wait(2)


def test_even_one_that_is_stuck_ends() -> None:
    began = time.monotonic()
    with start(STUCK) as child:
        assert child.stdin is not None
        child.stdin.close()
        child.wait(6)
    assert time.monotonic() - began > 2, "it was given time to finish"


def test_orders_are_in_no_argument_list_and_no_environment() -> None:
    with start(OBEDIENT) as child:
        for shown in ("cmdline", "environ"):
            with open(f"/proc/{child.pid}/{shown}", "rb") as file:
                assert b"hunter2" not in file.read()
        os.kill(child.pid, 9)
