"""A stand-in for the hub: the few requests that uploading and downloading a model make, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlparse

COMMIT = "0" * 40


class Hub(ThreadingHTTPServer):
    """Models in memory: id -> file name -> bytes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.models: dict[str, dict[str, bytes]] = {}
        self.asked: set[str] = set()  # names of the files that somebody wanted to have
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""

    def do_POST(self) -> None:
        body = self._body()
        parts = urlparse(self.path).path.strip("/").split("/")
        if parts == ["api", "repos", "create"]:
            asked = json.loads(body)
            name = "/".join(p for p in (asked.get("organization"), asked["name"]) if p)
            self.server.models.setdefault(name, {})
            self._json({"url": f"{self.server.address}/{name}", "name": name, "id": name})
        elif "preupload" in parts:
            files = json.loads(body)["files"]
            self._json(
                {
                    "files": [
                        {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files
                    ]
                }
            )
        elif "commit" in parts:
            name = "/".join(parts[2:4])
            model = self.server.models[name]
            for line in body.splitlines():
                item = json.loads(line)
                if item["key"] == "file":
                    model[item["value"]["path"]] = base64.b64decode(item["value"]["content"])
            self._json(
                {
                    "success": True,
                    "commitOid": COMMIT,
                    "commitUrl": f"{self.server.address}/{name}/commit/{COMMIT}",
                }
            )
        elif parts[-1] == "validate-yaml":
            self._json({"errors": [], "warnings": []})
        else:
            self._json({"error": f"no such address {self.path}"}, 404)

    def do_GET(self) -> None:
        parts = [unquote(p) for p in urlparse(self.path).path.strip("/").split("/")]
        if parts[:2] == ["api", "models"]:
            name = "/".join(parts[2:4])
            model = self.server.models.get(name)
            if model is not None and "tree" in parts:
                sizes = {
                    file: (len(content), hashlib.sha1(content).hexdigest()) for file, content in model.items()
                }
                self._json(
                    [{"type": "file", "path": f, "size": n, "oid": oid} for f, (n, oid) in sizes.items()]
                )
            elif model is None:
                self._json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
            else:
                siblings = [{"rfilename": file} for file in sorted(model)]
                self._json(
                    {
                        "id": name,
                        "modelId": name,
                        "sha": COMMIT,
                        "siblings": siblings,
                        "private": False,
                        "tags": [],
                    }
                )
        elif "resolve" in parts:
            self.server.asked.add("/".join(parts[4:]))
            content = self.server.models["/".join(parts[:2])].get("/".join(parts[4:]))
            if content is None:
                self._json({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
            else:
                self._send(
                    content,
                    200,
                    "application/octet-stream",
                    {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": COMMIT},
                )
        else:
            self._json({"error": f"no such address {self.path}"}, 404)

    do_HEAD = do_GET

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            chunks = []
            while size := int(self.rfile.readline(), 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _json(self, data: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._send(json.dumps(data).encode(), status, "application/json", headers or {})

    def _send(self, content: bytes, status: int, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {"Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
