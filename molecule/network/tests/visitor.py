"""Runs in a pod: a client of a site. It connects to a given address, so that the host name needs no DNS record."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import urllib.parse


class Visitor:
    """Keeps cookies, follows no redirects, and accepts only certificates of one certificate authority.

    Args:
        host: name of the site.
        address: address to connect to.
        authority: certificate of the authority in PEM. None uses the trust store of the system.
    """

    def __init__(self, host: str, address: str, authority: str | None) -> None:
        self.host = host
        self.address = address
        self.tls = ssl.create_default_context(cadata=authority)
        self.cookies: dict[str, str] = {}

    def ask(
        self, path: str, scheme: str = "https", method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers in lower case and body."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        connection.sock = socket.create_connection((self.address, 443 if scheme == "https" else 80), timeout=60)
        if scheme == "https":
            connection.sock = self.tls.wrap_socket(connection.sock, server_hostname=self.host)
        own = {"Referer": f"{scheme}://{self.host}{path}"}
        if self.cookies:
            own["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, {**own, **(headers or {})})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content

    def post(self, path: str, fields: dict[str, str], **files: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send a form, after reading its page for the token."""
        page = self.ask(path)[2].decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        fields = {**fields, "csrfmiddlewaretoken": token[1] if token else ""}
        if not files:
            kind, body = "application/x-www-form-urlencoded", urllib.parse.urlencode(fields).encode()
        else:
            boundary = "a-line-that-no-part-has"
            kind = f"multipart/form-data; boundary={boundary}"
            parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
            parts += [
                f'name="{name}"; filename="{name}.bmp"\r\nContent-Type: image/bmp\r\n\r\n'.encode() + content
                for name, content in files.items()
            ]
            between = f"--{boundary}\r\nContent-Disposition: form-data; ".encode()
            body = b"".join(between + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
        return self.ask(path, method="POST", body=body, headers={"Content-Type": kind})
