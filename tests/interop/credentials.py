"""What the official SDKs ask of IAM, and get."""

import unittest

from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkiam import v3 as iam

from .support import (
    ACCESS_KEY,
    DOMAIN,
    IAM_ENDPOINT,
    PROJECT_ID,
    REGION,
    SECRET_KEY,
    Caller,
    derived,
    iam_client,
    temporary_key,
    token,
)


class Credentials(unittest.TestCase):
    def test_the_sdk_finds_the_project_of_the_region_by_itself(self):
        for change in (lambda credentials: credentials, derived):
            credentials = change(BasicCredentials(ACCESS_KEY, SECRET_KEY).with_iam_endpoint(IAM_ENDPOINT))
            caller = Caller(credentials)
            self.assertEqual(caller.credentials.project_id, PROJECT_ID)
            self.assertEqual(caller.list().status_code, 200)

    def test_the_iam_client_lists_projects(self):
        projects = iam_client().keystone_list_projects(iam.KeystoneListProjectsRequest(name=REGION)).projects
        self.assertEqual([project.id for project in projects], [PROJECT_ID])

    def test_a_token_and_a_temporary_key_come_from_iam(self):
        self.assertTrue(token())
        key = temporary_key()
        self.assertNotEqual(key.access, ACCESS_KEY)
        self.assertRegex(key.expires_at, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$")

    def test_a_wrong_password_is_refused_with_the_text_of_iam(self):
        user = iam.PwdPasswordUser(name="emulator-user", password="wrong", domain=iam.PwdPasswordUserDomain(name="d"))
        identity = iam.PwdIdentity(methods=["password"], password=iam.PwdPassword(user=user))
        scope = iam.AuthScope(project=iam.AuthScopeProject(name=REGION))
        body = iam.KeystoneCreateUserTokenByPasswordRequestBody(auth=iam.PwdAuth(identity=identity, scope=scope))
        request = iam.KeystoneCreateUserTokenByPasswordRequest(body=body)
        with self.assertRaises(ClientRequestException) as raised:
            iam_client().keystone_create_user_token_by_password(request)
        error = raised.exception
        # IAM has the status as its code, as a number.
        self.assertEqual((error.status_code, error.error_code), (401, 401))
        self.assertEqual(error.error_msg, "The username or password is wrong.")
        self.assertRegex(error.request_id, "^[0-9a-f]{32}$")

    def test_a_token_of_nobody_gets_no_temporary_key(self):
        identity = iam.TokenAuthIdentity(methods=["token"], token=iam.IdentityToken(id="not-a-token"))
        body = iam.CreateTemporaryAccessKeyByTokenRequestBody(auth=iam.TokenAuth(identity=identity))
        request = iam.CreateTemporaryAccessKeyByTokenRequest(body=body)
        with self.assertRaises(ClientRequestException) as raised:
            iam_client().create_temporary_access_key_by_token(request)
        error = raised.exception
        self.assertEqual((error.status_code, error.error_code), (401, 401))
        self.assertIn("X-Auth-Token is invalid", error.error_msg)
        self.assertRegex(error.request_id, "^[0-9a-f]{32}$")

    def test_a_wrong_secret_is_refused_in_the_words_of_the_gateway(self):
        stranger = GlobalCredentials(ACCESS_KEY, "wrong", DOMAIN)
        client = iam.IamClient.new_builder().with_credentials(stranger).with_endpoint(IAM_ENDPOINT).build()
        with self.assertRaises(ClientRequestException) as raised:
            client.keystone_list_projects(iam.KeystoneListProjectsRequest(name=REGION))
        error = raised.exception
        self.assertEqual((error.status_code, error.error_code), (401, "APIGW.0301"))
        self.assertIn("verify aksk signature fail", error.error_msg)
        self.assertRegex(error.request_id, "^[0-9a-f]{32}$")
