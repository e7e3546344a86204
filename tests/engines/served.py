"""Engines behind a real HTTP server on this machine, as the engine `completions` meets them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from scaling_cli.engines.fake import FakeEngine, FakeTokenizer
from scaling_cli.types import Completion, Request, Sampler

SAID = {"model", "prompt", "temperature", "top_p", "presence_penalty", "frequency_penalty",
        "max_tokens", "seed", "logprobs", "top_k", "min_p", "repetition_penalty",
        "repeat_penalty", "ignore_eos", "return_token_ids"}  # fmt: skip
"""What every request must say, since servers have defaults of their own."""


Answer = Callable[[Mapping[str, Any]], tuple[int, bytes] | None]
"""From a request's body to status and content; None drops the connection."""


@contextmanager
def listening(answer: Answer, port: int = 0) -> Iterator[str]:
    """A server on this machine that answers `/v1/completions`; its base URL is given."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = answer(body) if self.path == "/v1/completions" else (404, b"{}")
            if found is None:
                self.close_connection = True
                return
            status, content = found
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def serving(engine: FakeEngine, question_id: str) -> AbstractContextManager[str]:
    """`engine` behind a server, its every question `question_id`.

    A setting that is not said, or said by a name no server knows, is refused.
    """

    def answer(body: Mapping[str, Any]) -> tuple[int, bytes]:
        unsaid = SAID ^ (body.keys() - {"stop", "verbose", "return_tokens"})
        if unsaid:
            return 400, json.dumps({"error": {"message": str(sorted(unsaid))}}).encode()
        request = request_of(body, question_id)
        reply = asyncio.run(engine.generate(request))
        return 200, json.dumps(reply_of(reply, request)).encode()

    return listening(answer)


def request_of(body: Mapping[str, Any], question_id: str) -> Request:
    """The request a body was made from."""
    ids = body["prompt"] if isinstance(body["prompt"], list) else []
    text = FakeTokenizer().decode(ids) if ids else str(body["prompt"])
    sampler = Sampler(
        temperature=body["temperature"],
        max_tokens=body["max_tokens"],
        top_p=body["top_p"],
        top_k=max(body["top_k"], 0),
        min_p=body["min_p"],
        repetition_penalty=body["repetition_penalty"],
        stop=tuple(body.get("stop", ())),
        ignore_eos=body["ignore_eos"],
    )
    return Request("served#1", question_id, tuple(ids), text, sampler, body["seed"])


def reply_of(reply: Completion, request: Request) -> dict[str, Any]:
    """What OpenAI's servers make of a completion: text without the stop that ended it."""
    text = reply.text.removesuffix(reply.stopped_by or "")
    return {
        "choices": [
            {
                "text": text,
                "finish_reason": reply.finish_reason,
                "stop_reason": reply.stopped_by,
                "token_ids": reply.tokens,
                "logprobs": {"token_logprobs": reply.logprobs},
            }
        ],
        "usage": {
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.new_tokens,
            "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
        },
    }
