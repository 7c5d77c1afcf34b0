"""Our request signing, measured by the signer of the official SDK: both make the same signature for the same request.

The requests are real ones of our command, on their way to the emulator, which has to accept them as well. They are kept
on the way, because the emulator's own journal does not tell signatures.
"""

import http.client
import http.server
import threading
import unittest
from urllib.parse import parse_qsl, unquote, urlsplit

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import DerivationAKSKSigner, Signer

from .support import ACCESS_KEY, ENDPOINT, REGION, SECRET_KEY, an_object, a_version, command, temporary_key


class Relay(http.server.BaseHTTPRequestHandler):
    """Hands every request on to the emulator, unchanged, and keeps it."""

    protocol_version = "HTTP/1.1"

    def relay(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection(urlsplit(ENDPOINT).netloc)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.kept.append((self.command, self.path, headers, body, answer.status))
        self.send_response(answer.status)
        for name in ("Content-Type", "X-Request-Id"):
            if answer.getheader(name):
                self.send_header(name, answer.getheader(name))
        if answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_POST = do_DELETE = relay

    def log_message(self, *_):
        pass


class Signing(unittest.TestCase):
    def setUp(self):
        self.relay = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
        self.relay.kept = []
        self.relay.daemon_threads = True
        threading.Thread(target=self.relay.serve_forever, daemon=True).start()
        self.addCleanup(self.relay.server_close)
        self.addCleanup(self.relay.shutdown)

    def ours(self, scheme, access_key, secret_key, security_token):
        """Makes every package call with our command, through the relay."""
        host, port = self.relay.server_address
        environment = {
            "IOTDA_OTA_ENDPOINT": f"http://{host}:{port}",
            "IOTDA_OTA_SIGNING": scheme,
            "IOTDA_OTA_TOKEN": "",
            "HUAWEICLOUD_SDK_AK": access_key,
            "HUAWEICLOUD_SDK_SK": secret_key,
        }
        if security_token:
            environment["HUAWEICLOUD_SDK_SECURITY_TOKEN"] = security_token
        version = a_version()
        created = command(
            *("package", "create", "--app-id", "a", "--product-id", "p", "--version", version, "--type", "firmware"),
            *("--object-key", an_object(), "--description", "更新了XX功能 ~*+'()"),
            **environment,
        )
        command("package", "show", created["package_id"], **environment)
        command("package", "list", "--type", "firmware", "--version", version, "--limit", "7", **environment)
        command("package", "delete", created["package_id"], **environment)
        return self.relay.kept

    def theirs(self, scheme, access_key, secret_key, method, path, headers, body):
        """The header `Authorization` that the official signer makes for a request."""
        signed = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        url = urlsplit(path)
        request = SdkRequest(
            method=method,
            schema="http",
            host=headers["host"],
            resource_path=unquote(url.path),
            query_params=parse_qsl(url.query, keep_blank_values=True),
            header_params={name: headers[name] for name in signed},
            body=body,
        )
        credentials = BasicCredentials(access_key, secret_key)
        if scheme == "derived":
            DerivationAKSKSigner(credentials).sign(request, "iotdm", REGION)
        else:
            Signer(credentials).sign(request)
        return request.header_params["Authorization"]

    def assert_same_signatures(self, scheme, access_key, secret_key, security_token):
        kept = self.ours(scheme, access_key, secret_key, security_token)
        self.assertEqual([status for *_, status in kept], [201, 200, 200, 204])
        for method, path, headers, body, _ in kept:
            with self.subTest(scheme=scheme, method=method, path=path):
                begin = "V11-HMAC-SHA256 " if scheme == "derived" else "SDK-HMAC-SHA256 "
                ours = headers["authorization"]
                self.assertTrue(ours.startswith(begin), ours)
                self.assertEqual(ours, self.theirs(scheme, access_key, secret_key, method, path, headers, body))
                self.assertEqual("x-security-token" in ours, security_token is not None)
        self.relay.kept.clear()

    def test_plain_and_derived_signatures_are_those_of_the_official_signer(self):
        for scheme in ("plain", "derived"):
            self.assert_same_signatures(scheme, ACCESS_KEY, SECRET_KEY, None)

    def test_so_are_those_with_a_temporary_access_key(self):
        key = temporary_key()
        for scheme in ("plain", "derived"):
            self.assert_same_signatures(scheme, key.access, key.secret, key.securitytoken)
