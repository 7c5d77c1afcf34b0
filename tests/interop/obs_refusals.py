"""Refusals and faults of OBS, as the official OBS SDK reports them: status, code, message and request id."""

from .obs_ways import InEveryWay, ok, refused
from .support import BUCKET, control

MESSAGE = "fault of the emulator gives this answer"


def fault(operation, kind, **settings):
    """Lets the next call of an operation go wrong."""
    control("POST", "faults", {"operation": operation, "fault": kind, "times": 1, **settings})


class ObsRefusals(InEveryWay):
    """One test for each of the checks below."""

    def setUp(self):
        self.addCleanup(control, "DELETE", "faults")

    def test_wrong_secrets(self):
        self.in_every_way(wrong_signature, secret_access_key="wrong")

    def test_unknown_access_keys(self):
        self.in_every_way(unknown_key, access_key_id="NO-SUCH-KEY", security_token=None)

    def test_failures(self):
        self.in_every_way(failure)

    def test_throttling(self):
        self.in_every_way(throttled)

    def test_lost_answers(self):
        self.in_every_way(lost)


def wrong_signature(client, prefix):
    refused(client.listObjects(BUCKET), 403, "SignatureDoesNotMatch", "signature")
    refused(client.putContent(BUCKET, prefix + "a.bin", content="firmware"), 403, "SignatureDoesNotMatch", "signature")


def unknown_key(client, prefix):
    refused(client.listObjects(BUCKET), 403, "InvalidAccessKeyId")


def failure(client, prefix):
    fault("put_object", "status", status=500, code="InternalError")
    refused(client.putContent(BUCKET, prefix + "a.bin", content="firmware"), 500, "InternalError", MESSAGE)
    assert client.getObjectMetadata(BUCKET, prefix + "a.bin").status == 404, "nothing was done"


def throttled(client, prefix):
    fault("list_objects", "throttle", status=503)
    refused(client.listObjects(BUCKET), 503, "SlowDown", MESSAGE)
    ok(client.listObjects(BUCKET, max_keys=1))


def lost(client, prefix):
    fault("put_object", "close-after-commit")
    try:
        answer = client.putContent(BUCKET, prefix + "a.bin", content="firmware")
        raise AssertionError(f"the answer was not lost: {answer}")
    except OSError:
        pass
    assert ok(client.getObject(BUCKET, prefix + "a.bin", loadStreamInMemory=True)).body.buffer == b"firmware"
