"""A model behind a real HTTP server in a thread of the test: what it answers is a function of the request."""

import json
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Body = dict[str, Any]  # of a request, as the client sent it


class Refused(Exception):
    """Raised by an answer: the status and the words of an error."""

    def __init__(self, status: int, text: str, *, retry_after: str | None = None) -> None:
        super().__init__(text)
        self.status, self.text, self.retry_after = status, text, retry_after


class Died(Exception):
    """Raised by an answer: the server is gone, without a word."""


class ChatServer:
    """An OpenAI-compatible server, for as long as the `with` block or until it dies.

    Attributes:
        url: Its address, up to and with `/v1`.
        bodies: The requests it got, in the order of their arrival.
    """

    def __init__(
        self,
        answer: Callable[[Body], str | Body],
        *,
        names: Sequence[str] = ("tiny",),
        total_tokens: int | None = None,
        port: int = 0,
    ) -> None:
        """Start it.

        Args:
            answer: The text that answers a request (its tokens are its words), or the whole of the answer's JSON; several requests at once call it
                from several threads.
            names: The models it offers.
            total_tokens: What it says each answer cost, in place of a count.
            port: Where, such as that of a server that died; by default a free one.
        """
        self.bodies: list[Body] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments: object) -> None:
                pass

            def send(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
                data = json.dumps(value).encode()
                try:
                    self.send_response(status)
                    for name, text in {"Content-Length": str(len(data)), **(headers or {})}.items():
                        self.send_header(name, text)
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:  # the client was killed
                    return

            def do_GET(self) -> None:
                self.send(200, {"data": [{"id": name} for name in names]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.path == ("/v1/chat/completions" if "messages" in body else "/v1/completions")
                outer.bodies.append(body)
                try:
                    said = answer(body)
                except Refused as error:
                    wait = {"Retry-After": error.retry_after} if error.retry_after is not None else {}
                    self.send(error.status, {"error": error.text}, wait)
                except Died:
                    outer.close()
                else:
                    self.send(200, said if isinstance(said, dict) else completion(body, said, total_tokens))

        class Server(ThreadingHTTPServer):
            request_queue_size = 64
            daemon_threads = True
            block_on_close = False  # it may be a request that closes it

        self._server = Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._open = True
        self._lock = threading.Lock()
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop; further requests find nobody. Closing it twice is no error."""
        with self._lock:
            was_open, self._open = self._open, False
        if was_open:
            self._server.shutdown()
            self._server.server_close()


def completion(body: Body, text: str, total_tokens: int | None = None) -> Body:
    """The JSON around a text, as vLLM sends it; a token is a word."""
    prompt = body.get("prompt") or " ".join(message["content"] for message in body["messages"])
    spent = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(text.split())}
    usage = {**spent, "total_tokens": sum(spent.values()) if total_tokens is None else total_tokens}
    choice: Body = {"message": {"role": "assistant", "content": text}} if "messages" in body else {"text": text}
    return {"choices": [{"index": 0, **choice}], "usage": usage}
