"""A wire between a client and a server of this machine that a test can cut: bytes pass through a proxy or not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIECE = 64 * 1024


class Wire:
    """Connections to `port` go on to `target`, until the wire is cut.

    While it is cut no byte passes either way: connections stay open and are silent, new ones are accepted by the
    system and never answered, as where packets are dropped on their way. What was sent meanwhile is not lost (TCP sends
    it again) but comes after the wire is mended, unless the connections did not survive it.

    Args:
        port: of 127.0.0.1, where clients come.
        target: port of 127.0.0.1 where the server is.

    Attributes:
        held: pieces that came to the wire while it was cut.
    """

    def __init__(self, port: int, target: int) -> None:
        self._target = ("127.0.0.1", target)
        self._whole = threading.Event()
        self._whole.set()
        self._ends: list[socket.socket] = []
        self._ended = False
        self.held = 0
        self._door = socket.create_server(("127.0.0.1", port))
        self._threads = [threading.Thread(target=self._accept, name="wire", daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Nothing passes any more."""
        self._whole.clear()

    def mend(self, *, forgotten: bool = False) -> None:
        """Let everything pass again; `forgotten`: but on new connections alone, those there were are reset."""
        if forgotten:
            self._reset()
        self._whole.set()

    def close(self) -> None:
        """End all connections, and listen no more."""
        self._ended = True
        self._whole.set()
        self._reset()
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for thread in self._threads:
            thread.join(10)
        for end in self._ends:
            end.close()

    def _accept(self) -> None:
        while not self._ended:
            try:
                near, _ = self._door.accept()
                self._ends.append(near)
                self._whole.wait()
                far = socket.create_connection(self._target)
                self._ends.append(far)
            except OSError:
                continue
            for way in ((near, far), (far, near)):
                self._threads.append(threading.Thread(target=self._pass, args=way, name="wire", daemon=True))
                self._threads[-1].start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                self.held += not self._whole.is_set()
                self._whole.wait()
                sink.sendall(piece)
        self._whole.wait()
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _reset(self) -> None:
        for end in list(self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire(port: int, target: int) -> Iterator[Wire]:
    """A wire that is there as long as the block runs."""
    made = Wire(port, target)
    try:
        yield made
    finally:
        made.close()
