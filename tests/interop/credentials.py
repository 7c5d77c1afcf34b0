"""What the official SDKs ask of IAM, and get."""

import unittest

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkiam import v3 as iam

from .support import (
    ACCESS_KEY,
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
        self.assertEqual(raised.exception.status_code, 401)
        self.assertEqual(raised.exception.error_msg, "The username or password is wrong.")
