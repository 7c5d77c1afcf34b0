"""What the suites share: callers of every kind of credentials, requests, objects in OBS, and our own command."""

import functools
import itertools
import json
import os
import subprocess
from urllib.request import Request, urlopen

from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkiam import v3 as iam
from huaweicloudsdkiotda import v5 as iotda
from obs import ObsClient

ENDPOINT = os.environ["IOTDA_OTA_ENDPOINT"]
OBS_ENDPOINT = os.environ["IOTDA_OTA_OBS_ENDPOINT"]
IAM_ENDPOINT = os.environ["HUAWEICLOUD_SDK_IAM_ENDPOINT"]
REGION = os.environ["IOTDA_OTA_REGION"]
PROJECT_ID = os.environ["HUAWEICLOUD_SDK_PROJECT_ID"]
ACCESS_KEY = os.environ["HUAWEICLOUD_SDK_AK"]
SECRET_KEY = os.environ["HUAWEICLOUD_SDK_SK"]
BUCKET = os.environ["IOTDA_OTA_BUCKET"]
COMMAND = os.environ["IOTDA_OTA_COMMAND"]

# The emulator's user, from the README of its crate.
USER, PASSWORD, DOMAIN = "emulator-user", "emulator-password", "emulator-domain"

APP_ID, PRODUCT_ID = "interop-app", "interop-product"

_numbers = itertools.count(1)


def a_version():
    """A version that no other test uses."""
    return f"V1.{next(_numbers)}"


class Caller:
    """An IoTDA client of the official SDK. `call` makes one call by the name of the SDK's method."""

    def __init__(self, credentials, endpoint=ENDPOINT, headers=None):
        self.credentials = credentials
        self.headers = headers or {}
        region = Region(REGION, endpoint)
        self.client = iotda.IoTDAClient.new_builder().with_credentials(credentials).with_region(region).build()

    def call(self, name, request):
        invoker = getattr(self.client, f"{name}_invoker")(request)
        for header, value in self.headers.items():
            invoker.add_header(header, value)
        return invoker.invoke()

    def create(self, body):
        return self.call("create_ota_package", iotda.CreateOtaPackageRequest(body=body))

    def show(self, package_id):
        return self.call("show_ota_package", iotda.ShowOtaPackageRequest(package_id=package_id))

    def list(self, package_type="firmwarePackage", **filters):
        request = iotda.ListOtaPackageInfoRequest(package_type=package_type, **filters)
        return self.call("list_ota_package_info", request)

    def delete(self, package_id):
        return self.call("delete_ota_package", iotda.DeleteOtaPackageRequest(package_id=package_id))


def plainly(access_key=ACCESS_KEY, secret_key=SECRET_KEY):
    """Signs with SDK-HMAC-SHA256."""
    return BasicCredentials(access_key, secret_key, PROJECT_ID)


def derived(credentials):
    """The same credentials, but signing with V11-HMAC-SHA256, as an instance's own address wants it."""
    return credentials.with_derived_predicate(BasicCredentials.get_default_derived_predicate())


@functools.cache
def iam_client():
    credentials = GlobalCredentials(ACCESS_KEY, SECRET_KEY, DOMAIN)
    return iam.IamClient.new_builder().with_credentials(credentials).with_endpoint(IAM_ENDPOINT).build()


@functools.cache
def token():
    """A token that the IAM client of the official SDK gets for the emulator's user."""
    user = iam.PwdPasswordUser(name=USER, password=PASSWORD, domain=iam.PwdPasswordUserDomain(name=DOMAIN))
    identity = iam.PwdIdentity(methods=["password"], password=iam.PwdPassword(user=user))
    scope = iam.AuthScope(project=iam.AuthScopeProject(name=REGION))
    body = iam.KeystoneCreateUserTokenByPasswordRequestBody(auth=iam.PwdAuth(identity=identity, scope=scope))
    request = iam.KeystoneCreateUserTokenByPasswordRequest(body=body)
    return iam_client().keystone_create_user_token_by_password(request).x_subject_token


def new_temporary_key():
    """A temporary access key with its security token, likewise."""
    identity = iam.TokenAuthIdentity(methods=["token"], token=iam.IdentityToken(id=token(), duration_seconds=900))
    body = iam.CreateTemporaryAccessKeyByTokenRequestBody(auth=iam.TokenAuth(identity=identity))
    request = iam.CreateTemporaryAccessKeyByTokenRequest(body=body)
    return iam_client().create_temporary_access_key_by_token(request).credential


temporary_key = functools.cache(new_temporary_key)


def temporarily(key=None):
    """Signs with a temporary access key."""
    key = key or temporary_key()
    return plainly(key.access, key.secret).with_security_token(key.securitytoken)


@functools.cache
def callers():
    """A caller for each kind of credentials, by its name."""
    # The SDK always signs. The token counts, because no such access key exists.
    nobody = plainly("NO-SUCH-KEY", "no-such-secret")
    return {
        "plain": Caller(plainly()),
        "derived": Caller(derived(plainly())),
        "temporary": Caller(temporarily()),
        "temporary and derived": Caller(derived(temporarily())),
        "token": Caller(nobody, headers={"X-Auth-Token": token()}),
    }


def caller():
    """The caller for whom credentials do not matter."""
    return callers()["plain"]


@functools.cache
def obs_client():
    return ObsClient(access_key_id=ACCESS_KEY, secret_access_key=SECRET_KEY, server=OBS_ENDPOINT)


def upload(key, content):
    """Puts an object into the emulator's bucket with the official OBS SDK."""
    answer = obs_client().putContent(BUCKET, key, content=content)
    assert answer.status == 200, (answer.status, answer.errorCode, answer.errorMessage)


@functools.cache
def an_object():
    """The key of an object that is there."""
    upload("interop/firmware.bin", b"firmware")
    return "interop/firmware.bin"


def location(key, **more):
    obs_location = iotda.ObsLocation(region_name=REGION, bucket_name=BUCKET, object_key=key, **more)
    return iotda.FileLocation(obs_location=obs_location)


def package(**fields):
    """A create request of a firmware package whose object is there; `fields` are added or replace others."""
    standard = {
        "app_id": APP_ID,
        "package_type": "firmwarePackage",
        "product_id": PRODUCT_ID,
        "version": a_version(),
    }
    fields = standard | fields
    if "file_location" not in fields:
        fields["file_location"] = location(an_object())
    return iotda.CreateOtaPackage(**fields)


def control(method, path, body=None):
    """Makes a control call of the emulator."""
    request = Request(f"{ENDPOINT}/emulator/{path}", method=method, data=body and json.dumps(body).encode())
    with urlopen(request) as answer:
        return answer.read()


def command(*arguments, exit_code=0, **environment):
    """Runs our own command and returns what it prints as JSON, or else its error."""
    run = subprocess.run(
        [COMMAND, *arguments, "--format", "json"],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert run.returncode == exit_code, f"exit code {run.returncode}: {run.stderr}"
    return json.loads(run.stdout or run.stderr.splitlines()[-1])
