"""A server that does nothing: it frames a request and answers the same bytes to all.

What the load generator reaches here, and its CPU a request, is what bounds every other figure.
"""

import os
import select
import socket

from bench.wire import length_of

BODY = b'{"number":"26311000000000000001"}'
ANSWER = b"HTTP/1.1 201 Created\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    print(listener.getsockname()[1], flush=True)
    epoll, callers = select.epoll(), dict[int, tuple[socket.socket, list[bytes]]]()
    epoll.register(listener.fileno(), select.EPOLLIN)
    while os.getppid() != 1:
        for fd, _ in epoll.poll(1.0):
            if fd == listener.fileno():
                caller, _ = listener.accept()
                callers[caller.fileno()] = (caller, [])
                epoll.register(caller.fileno(), select.EPOLLIN)
                continue
            caller, pieces = callers[fd]
            try:
                data = caller.recv(16_384)
            except ConnectionResetError:
                data = b""
            if not data:
                epoll.unregister(fd)
                callers.pop(fd)[0].close()
                continue
            pieces.append(data)
            whole = b"".join(pieces)
            if length_of(whole) == len(whole):
                pieces.clear()
                caller.send(ANSWER)


if __name__ == "__main__":
    main()
