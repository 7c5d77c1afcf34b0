"""The official OBS SDK for Python, unmodified, against the OBS port of the emulator, in each way in which it can talk to a
server: by its address it takes path style and AWS-style names, by a host name virtual-host style, and then it asks which
names the server knows.
"""

import functools
import socket
import unittest
from unittest import mock
from urllib.parse import urlparse

from obs import ObsClient

from .support import ACCESS_KEY, OBS_ENDPOINT, SECRET_KEY, temporary_key


@functools.cache
def ways():
    """The options of a client for each way."""
    port = urlparse(OBS_ENDPOINT).port
    by_address, by_name = dict(server=f"http://127.0.0.1:{port}"), dict(server=f"http://localhost:{port}")
    ways = {
        "address": by_address,
        "address, signature=obs": {**by_address, "signature": "obs", "is_cname": False},
        "path style": {**by_name, "path_style": True},
        "host name": by_name,
        "host name, signature=obs": {**by_name, "signature": "obs", "is_signature_negotiation": False},
        "host name, signature=v2": {**by_name, "signature": "v2", "is_signature_negotiation": False},
        "host name, kept connections": {**by_name, "long_conn_mode": True},
    }
    lasting = dict(access_key_id=ACCESS_KEY, secret_access_key=SECRET_KEY)
    ways = {way: {**lasting, **options} for way, options in ways.items()}
    key = temporary_key()
    temporary = dict(access_key_id=key.access, secret_access_key=key.secret, security_token=key.securitytoken)
    for way in ["address", "host name"]:
        ways[f"{way}, temporary key"] = {**ways[way], **temporary}
    return ways


class InEveryWay(unittest.TestCase):
    """Tests that run a check once for each way."""

    @classmethod
    def setUpClass(cls):
        resolve = socket.getaddrinfo

        def getaddrinfo(host, *args, **kwargs):
            # Every name below localhost is this machine, which RFC 6761 asks of resolvers and not all of them do.
            if isinstance(host, str) and (host == "localhost" or host.endswith(".localhost")):
                host = "127.0.0.1"
            return resolve(host, *args, **kwargs)

        cls.enterClassContext(mock.patch("socket.getaddrinfo", getaddrinfo))

    def in_every_way(self, check, **changes):
        """Runs a check with a client and a prefix of keys; `changes` are other options of the client."""
        for number, (way, options) in enumerate(ways().items()):
            with self.subTest(way=way):
                client = ObsClient(max_retry_count=0, **options | changes)
                try:
                    check(client, prefix=f"obs-{number}/{check.__name__}/")
                finally:
                    client.close()


def ok(answer):
    assert answer.status < 300, (answer.status, answer.errorCode, answer.errorMessage)
    assert answer.requestId, answer
    return answer


def refused(answer, status, code, words=""):
    assert (answer.status, answer.errorCode) == (status, code), (answer.status, answer.errorCode, answer.errorMessage)
    assert answer.requestId, answer
    assert words in answer.errorMessage, answer.errorMessage
