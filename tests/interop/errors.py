"""Refusals, as the exceptions that the official SDK makes of them: status, code, message and request id."""

import unittest

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

from .support import ACCESS_KEY, PROJECT_ID, SECRET_KEY, Caller, caller, derived, location, package, plainly, token


class Refusals(unittest.TestCase):
    def refused(self, call, status, code, *words):
        with self.assertRaises(ClientRequestException) as raised:
            call()
        error = raised.exception
        self.assertEqual((error.status_code, error.error_code), (status, code), error.error_msg)
        self.assertRegex(error.request_id or "", "^[0-9a-f]{32}$")
        for word in words:
            self.assertIn(word, error.error_msg)
        return error

    def test_every_violation_of_a_request_is_in_the_message(self):
        broken = package(version="V 1", description="a" * 1025, support_source_versions=["V1"] * 21)
        self.refused(
            lambda: caller().create(broken), 400, "IOTDA.000006", "version", "description", "support_source_versions"
        )

    def test_a_module_name_goes_with_module_packages_only(self):
        self.refused(lambda: caller().create(package(module_name="camera")), 400, "IOTDA.000006", "module_name")
        module = package(package_type="modulePackage")
        self.refused(lambda: caller().create(module), 400, "IOTDA.000006", "module_name")

    def test_a_limit_out_of_range_has_its_own_code(self):
        self.refused(lambda: caller().list(limit=51), 400, "IOTDA.000017", "limit")

    def test_an_object_that_is_missing_is_named(self):
        missing = package(file_location=location("not/there.bin"))
        self.refused(lambda: caller().create(missing), 400, "EMULATOR.OBS_OBJECT_NOT_FOUND", "not/there.bin")

    def test_a_missing_package_is_not_found(self):
        for call in (caller().show, caller().delete):
            self.refused(lambda: call("28f61af50fc9452aa0ed5ea25c3cc3d3"), 404, "EMULATOR.PACKAGE_NOT_FOUND")

    def test_a_wrong_secret_is_refused_in_both_schemes(self):
        for credentials in (plainly(ACCESS_KEY, "wrong"), derived(plainly(ACCESS_KEY, "wrong"))):
            self.refused(Caller(credentials).list, 401, "APIGW.0301", "verify aksk signature fail")

    def test_an_unknown_access_key_is_refused(self):
        self.refused(Caller(plainly("NO-SUCH-KEY", SECRET_KEY)).list, 401, "APIGW.0301", "NO-SUCH-KEY not exist")

    def test_a_security_token_of_nobody_is_refused(self):
        credentials = plainly().with_security_token("not-a-token")
        self.refused(Caller(credentials).list, 401, "APIGW.0301")

    def test_a_wrong_token_is_refused(self):
        wrong = Caller(plainly(), headers={"X-Auth-Token": "not-a-token"})
        self.refused(wrong.list, 401, "APIGW.0301", "decrypt token fail")

    def test_a_token_of_another_project_is_refused(self):
        other = Caller(BasicCredentials(ACCESS_KEY, SECRET_KEY, "other-project"), headers={"X-Auth-Token": token()})
        self.refused(other.list, 403, "EMULATOR.PROJECT_MISMATCH", PROJECT_ID)
