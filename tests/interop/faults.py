"""Every form of an error body, and every way in which a call can end badly, as the official SDK reports it.

The emulator makes them up: faults are added by its control calls.
"""

import json
import unittest

from huaweicloudsdkcore.exceptions.exceptions import (
    ClientRequestException,
    ConnectionException,
    ServerResponseException,
)
from requests.exceptions import ChunkedEncodingError

from .support import Caller, a_version, caller, control, new_temporary_key, package, plainly, temporarily

MESSAGE = "A fault of the emulator gives this answer"


class Faults(unittest.TestCase):
    def fault(self, operation, kind, **settings):
        """Lets the next call of an operation go wrong."""
        control("POST", "faults", {"operation": operation, "fault": kind, "times": 1, **settings})
        self.addCleanup(control, "DELETE", "faults")

    def failed(self, exception, call):
        with self.assertRaises(exception) as raised:
            call()
        return raised.exception

    def test_every_form_of_json_gives_code_message_and_request_id(self):
        for body in ("error_code", "errorCode", "code", "nested"):
            for status in (400, 409, 500, 503):
                exception = ClientRequestException if status < 500 else ServerResponseException
                with self.subTest(body=body, status=status):
                    self.fault("list_ota_packages", "status", status=status, body=body, code="IOTDA.000001")
                    error = self.failed(exception, caller().list)
                    self.assertEqual((error.status_code, error.error_code), (status, "IOTDA.000001"))
                    self.assertEqual(error.error_msg, MESSAGE)
                    self.assertRegex(error.request_id, "^[0-9a-f]{32}$")

    def test_what_is_no_json_becomes_the_message_and_the_status_the_code(self):
        for body, words in (("xml", "<Code>IOTDA.000001</Code>"), ("html", "<h1>502</h1>")):
            with self.subTest(body=body):
                self.fault("list_ota_packages", "status", status=502, body=body, code="IOTDA.000001")
                error = self.failed(ServerResponseException, caller().list)
                self.assertEqual((error.status_code, error.error_code), (502, "502"))
                self.assertIn(words, error.error_msg)
                self.assertRegex(error.request_id, "^[0-9a-f]{32}$")

    def test_an_empty_body_leaves_status_and_request_id(self):
        self.fault("show_ota_package", "status", status=504, body="empty")
        error = self.failed(ServerResponseException, lambda: caller().show("28f61af50fc9452aa0ed5ea25c3cc3d3"))
        self.assertEqual((error.status_code, error.error_code, error.error_msg), (504, "504", ""))
        self.assertRegex(error.request_id, "^[0-9a-f]{32}$")

    def test_throttling_by_the_service_has_its_code(self):
        self.fault("list_ota_packages", "throttle", status=403)
        error = self.failed(ClientRequestException, caller().list)
        self.assertEqual((error.status_code, error.error_code), (403, "IOTDA.021101"))

    def test_throttling_by_the_gateway_is_known_by_its_status_alone(self):
        self.fault("list_ota_packages", "throttle", status=429)
        error = self.failed(ClientRequestException, caller().list)
        # The SDK leaves this one status to its HTTP library, which repeats the call (by default no time) and then tells
        # the SDK that it gave up. So the SDK never sees the answer, and its exception has a code and an id of its own...
        self.assertEqual((error.status_code, error.error_code, error.request_id), (429, "429", ""))
        # ... although the emulator sent an id.
        sent = json.loads(control("GET", "requests"))["requests"][-1]
        self.assertEqual(sent["status"], 429)
        self.assertRegex(sent["request_id"], "^[0-9a-f]{32}$")

    def test_a_temporary_key_that_expires_is_refused(self):
        expiring = Caller(temporarily(new_temporary_key()))
        self.assertEqual(expiring.list().status_code, 200)
        self.fault("list_ota_packages", "expire")
        error = self.failed(ClientRequestException, expiring.list)
        self.assertEqual((error.status_code, error.error_code), (401, "APIGW.0301"))

    def test_a_create_whose_answer_is_lost_has_made_the_package(self):
        version = a_version()
        body = package(version=version)
        self.fault("create_ota_package", "close-after-commit")
        self.failed(ConnectionException, lambda: caller().create(body))
        self.assertEqual(caller().list(version=version).page.count, 1)

    def test_a_connection_that_closes_before_leaves_no_package(self):
        version = a_version()
        body = package(version=version)
        self.fault("create_ota_package", "close-before")
        self.failed(ConnectionException, lambda: caller().create(body))
        self.assertEqual(caller().list(version=version).page.count, 0)

    def test_an_answer_that_is_cut_off_is_an_error(self):
        created = caller().create(package())
        self.fault("show_ota_package", "cut")
        # The SDK does not make this one its own.
        self.failed(ChunkedEncodingError, lambda: caller().show(created.package_id))

    def test_the_journal_tells_what_the_sdk_sent(self):
        version = a_version()
        Caller(plainly()).list(version=version)
        requests = json.loads(control("GET", "requests"))["requests"]
        self.assertIn(version, json.dumps(requests[-1]))
