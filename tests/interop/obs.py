"""What the official OBS SDK for Python does with objects, uploads and buckets of the emulator."""

import base64
import hashlib
import os
import tempfile
import threading

from obs import CompleteMultipartUploadRequest, CompletePart, GetObjectHeader, ListMultipartUploadsRequest

from .obs_ways import InEveryWay, ok, refused
from .support import BUCKET

LEAST = 100 * 1024


class Obs(InEveryWay):
    """One test for each of the checks below."""

    def test_content_and_metadata(self):
        self.in_every_way(content_and_metadata)

    def test_ranges(self):
        self.in_every_way(ranges)

    def test_streams(self):
        self.in_every_way(streams)

    def test_file(self):
        self.in_every_way(file)

    def test_listing_and_deleting(self):
        self.in_every_way(listing_and_deleting)

    def test_buckets(self):
        self.in_every_way(buckets)

    def test_parts(self):
        self.in_every_way(parts)

    def test_aborting(self):
        self.in_every_way(aborting)

    def test_resumed_upload(self):
        self.in_every_way(resumed_upload)

    def test_resumable_download(self):
        self.in_every_way(resumable_download)


def content_and_metadata(client, prefix):
    key = prefix + "a b+升.bin"
    put = ok(client.putContent(BUCKET, key, content="firmware", metadata={"version": "V2.0"}))
    assert put.body.etag == quoted(md5(b"firmware")), put.body.etag
    head = ok(client.getObjectMetadata(BUCKET, key))
    assert head.body.contentLength == 8, head.body
    assert head.body.etag == put.body.etag, head.body
    assert dict(head.header)["version"] == "V2.0", head.header
    got = ok(client.getObject(BUCKET, key, loadStreamInMemory=True))
    assert got.body.buffer == b"firmware", got.body
    ok(client.headObject(BUCKET, key))


def ranges(client, prefix):
    key = prefix + "a.bin"
    ok(client.putContent(BUCKET, key, content="0123456789"))
    for asked, text in [("2-4", b"234"), ("7-", b"789"), ("-3", b"789")]:
        got = client.getObject(BUCKET, key, headers=GetObjectHeader(range=asked), loadStreamInMemory=True)
        assert (got.status, got.body.buffer) == (206, text), got
    refused(client.getObject(BUCKET, key, headers=GetObjectHeader(range="10-")), 416, "InvalidRange")


def streams(client, prefix):
    """Contents that can be read, with and without a length."""
    key = prefix + "stream.bin"
    with Files() as files:
        path = files.make("stream", 300_000)
        with open(path, "rb") as file:
            ok(client.putContent(BUCKET, key, content=file))
        assert sha256(files.download(client, key)) == sha256(path)


def file(client, prefix):
    key = prefix + "file.bin"
    with Files() as files:
        path = files.make("file", 3_000_000)
        put = ok(client.putFile(BUCKET, key, path))
        with open(path, "rb") as data:
            assert put.body.etag == quoted(md5(data.read())), put.body.etag
        assert sha256(files.download(client, key)) == sha256(path)


def listing_and_deleting(client, prefix):
    names = [f"{prefix}{name}" for name in ["a.bin", "b.bin", "dir/1.bin", "dir/2.bin"]]
    for name in names:
        ok(client.putContent(BUCKET, name, content="x"))
    everything = ok(client.listObjects(BUCKET, prefix=prefix)).body
    assert [found.key for found in everything.contents] == names, everything
    assert not everything.is_truncated
    grouped = ok(client.listObjects(BUCKET, prefix=prefix, delimiter="/")).body
    assert [found.prefix for found in grouped.commonPrefixs] == [f"{prefix}dir/"], grouped
    found, marker = [], None
    while True:
        page = ok(client.listObjects(BUCKET, prefix=prefix, marker=marker, max_keys=3)).body
        found += [entry.key for entry in page.contents]
        if not page.is_truncated:
            break
        marker = page.next_marker
    assert found == names, found
    for name in names:
        assert client.deleteObject(BUCKET, name).status == 204
    assert not ok(client.listObjects(BUCKET, prefix=prefix)).body.contents
    refused(client.getObject(BUCKET, names[0]), 404, "NoSuchKey")
    assert client.getObjectMetadata(BUCKET, names[0]).status == 404


def buckets(client, prefix):
    ok(client.headBucket(BUCKET))
    name = prefix.strip("/").replace("/", "-")
    ok(client.createBucket(name))
    ok(client.createBucket(name))
    ok(client.headBucket(name))
    assert client.headBucket("no-such-bucket").status == 404


def parts(client, prefix):
    key = prefix + "parts.bin"
    begun = ok(client.initiateMultipartUpload(BUCKET, key, metadata={"version": "V3.0"})).body
    assert (begun.bucketName, begun.objectKey) == (BUCKET, key), begun
    upload_id = begun.uploadId
    first, last = b"1" * LEAST, b"2" * 10
    etags = [ok(client.uploadPart(BUCKET, key, n, upload_id, data)).body.etag for n, data in [(1, first), (2, last)]]
    checked = ok(client.uploadPart(BUCKET, key, 2, upload_id, last, md5=base64_md5(last))).body.etag
    assert checked == quoted(md5(last)), checked
    etags[1] = checked

    listed = ok(client.listParts(BUCKET, key, upload_id)).body
    assert [(part.partNumber, part.size, part.etag) for part in listed.parts] == [
        (1, len(first), etags[0]),
        (2, len(last), etags[1]),
    ], listed
    page = ok(client.listParts(BUCKET, key, upload_id, maxParts=1)).body
    assert page.isTruncated and page.nextPartNumberMarker == 1, page
    uploads = ok(client.listMultipartUploads(BUCKET, ListMultipartUploadsRequest(prefix=prefix))).body.upload
    assert [(upload.key, upload.uploadId) for upload in uploads] == [(key, upload_id)], uploads

    wrong = complete(client, key, upload_id, [(1, etags[1]), (2, etags[0])])
    refused(wrong, 400, "InvalidPart")
    done = ok(complete(client, key, upload_id, list(enumerate(etags, 1)))).body
    assert (done.bucket, done.key) == (BUCKET, key) and done.etag.endswith('-2"'), done
    got = ok(client.getObject(BUCKET, key, loadStreamInMemory=True))
    assert got.body.buffer == first + last
    assert dict(got.header)["version"] == "V3.0", got.header
    refused(complete(client, key, upload_id, list(enumerate(etags, 1))), 404, "NoSuchUpload")


def aborting(client, prefix):
    key = prefix + "parts.bin"
    upload_id = ok(client.initiateMultipartUpload(BUCKET, key)).body.uploadId
    ok(client.uploadPart(BUCKET, key, 1, upload_id, b"bytes"))
    assert client.abortMultipartUpload(BUCKET, key, upload_id).status == 204
    refused(client.listParts(BUCKET, key, upload_id), 404, "NoSuchUpload")
    request = ListMultipartUploadsRequest(prefix=prefix)
    assert not ok(client.listMultipartUploads(BUCKET, request)).body.upload


def resumed_upload(client, prefix):
    key = prefix + "large.bin"
    with Files() as files:
        path = files.make("large", 2_500_000)
        record = path + ".upload_record"
        upload = dict(partSize=256 * 1024, taskNum=4, enableCheckpoint=True, checkpointFile=record)
        sent = []
        cut_off(client, after=4, sent=sent)
        try:
            client.uploadFile(BUCKET, key, path, **upload)
            raise AssertionError("the upload was not cut off")
        except Exception as error:
            assert "some parts are failed" in str(error), error
        assert os.path.exists(record)
        assert client.getObjectMetadata(BUCKET, key).status == 404
        before = len(sent)
        restore(client)
        cut_off(client, after=None, sent=sent)
        ok(client.uploadFile(BUCKET, key, path, **upload))
        assert before == 4 and len(sent) == 10, (before, sent)
        restore(client)
        assert sha256(files.download(client, key)) == sha256(path)


def resumable_download(client, prefix):
    key = prefix + "large.bin"
    with Files() as files:
        path = files.make("large", 1_500_000)
        ok(client.putFile(BUCKET, key, path))
        target = path + ".copy"
        ok(client.downloadFile(BUCKET, key, target, partSize=200_000, taskNum=3, enableCheckpoint=True))
        assert sha256(target) == sha256(path)


def complete(client, key, upload_id, parts):
    request = CompleteMultipartUploadRequest([CompletePart(partNum=number, etag=etag) for number, etag in parts])
    return client.completeMultipartUpload(BUCKET, key, upload_id, request)


def cut_off(client, after, sent):
    """Counts the parts that are sent; after so many no other arrives."""
    send = client._uploadPartWithNotifier
    lock = threading.Lock()

    def count(bucket, key, number, *args, **kwargs):
        with lock:
            if after is not None and len(sent) >= after:
                raise ConnectionError("cut off by the test")
            sent.append(number)
        return send(bucket, key, number, *args, **kwargs)

    client._uploadPartWithNotifier = count


def restore(client):
    del client._uploadPartWithNotifier


class Files:
    """A folder of files that goes when the check does."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def make(self, name, size):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as file:
            file.write(bytes(number * 31 % 251 for number in range(size)))
        return path

    def download(self, client, key):
        path = os.path.join(self.folder.name, "downloaded")
        ok(client.getObject(BUCKET, key, downloadPath=path))
        return path


def quoted(text):
    return f'"{text}"'


def md5(data):
    return hashlib.md5(data).hexdigest()


def base64_md5(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
