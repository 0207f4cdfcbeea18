"""A mail server that keeps what it gets: SMTP as far as a message needs it (RFC 5321), in plain text, one at a time."""

import socketserver
import threading
from collections.abc import Generator
from contextlib import contextmanager


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, refuse: int = 0) -> None:
        """`refuse`: the code that it answers a recipient's address with; 0: it takes all."""
        super().__init__(("127.0.0.1", 0), _Talk)
        self.refuse = refuse
        self.said: list[str] = []
        """Each line of the other side."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Talk(socketserver.StreamRequestHandler):
    server: MailServer  # pyright: ignore[reportIncompatibleVariableOverride]  # it serves no other

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            self.server.said.append(line)
            match line.partition(" ")[0].upper():
                case "DATA":
                    self._say("354 go on")
                    self._read()
                    self._say("250 taken")
                case "RCPT" if self.server.refuse:
                    self._say(f"{self.server.refuse} no")
                case "QUIT":
                    self._say("221 bye")
                    return
                case "AUTH":
                    self._say("235 welcome")
                case "EHLO":
                    self._say("250-here\r\n250 AUTH PLAIN")
                case _:
                    self._say("250 well")

    def _read(self) -> None:
        while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
            self.server.said.append(line)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_server(refuse: int = 0) -> Generator[MailServer]:
    server = MailServer(refuse)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
