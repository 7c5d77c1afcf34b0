"""Our command and the official SDKs on the same packages and objects."""

import hashlib
import os
import tempfile
import unittest

from .support import APP_ID, BUCKET, PRODUCT_ID, a_version, caller, command, location, obs_client, package, upload

CONTENT = os.urandom(300_000)
SHA_256 = hashlib.sha256(CONTENT).hexdigest()


class Together(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, "固件 1.bin")
        with open(self.file, "wb") as file:
            file.write(CONTENT)

    def test_our_command_reads_and_deletes_what_the_sdks_made(self):
        key = "together/由SDK上传.bin"
        upload(key, CONTENT)
        sent = package(description="由SDK创建", file_location=location(key, sign=SHA_256))
        created = caller().create(sent)

        shown = command("package", "show", created.package_id)
        self.assertEqual(shown["description"], "由SDK创建")
        self.assertEqual(shown["file_location"]["obs_location"]["object_key"], key)

        listed = command("package", "list", "--type", "firmware", "--version", sent.version)
        self.assertEqual([each["package_id"] for each in listed["packages"]], [created.package_id])

        again = command(
            *("package", "publish", self.file, "--object-key", key, "--type", "firmware"),
            *("--app-id", APP_ID, "--product-id", PRODUCT_ID, "--version", sent.version, "--description", "由SDK创建"),
        )
        self.assertEqual(again["outcome"], "verified")

        deleted = command("package", "delete", created.package_id)
        self.assertEqual(deleted, {"package_id": created.package_id, "deleted": True})
        self.assertEqual(caller().list(version=sent.version).packages, [])

    def test_our_command_verifies_what_the_sdks_made_and_deletes_it_with_its_object(self):
        key = "together/核对.bin"
        upload(key, CONTENT)
        created = caller().create(package(file_location=location(key, sign=SHA_256)))
        verified = command("package", "verify", created.package_id, self.file)
        checks = {check["name"]: (check["found"], check["ok"]) for check in verified["checks"]}
        self.assertEqual(checks, dict.fromkeys(["sign", "object", "file"], (SHA_256, True)))
        self.assertTrue(verified["ok"])

        # Somebody writes to the same key.
        upload(key, b"other")
        differing = command("package", "verify", created.package_id, self.file, exit_code=9)
        self.assertEqual([check["name"] for check in differing["checks"] if not check["ok"]], ["object"])

        deleted = command("package", "delete", created.package_id, "--with-object")
        self.assertEqual(deleted["object"]["object_key"], key)
        self.assertEqual(obs_client().getObjectMetadata(BUCKET, key).status, 404)

    def test_our_command_keeps_an_object_that_another_package_of_the_sdks_uses(self):
        key = "together/共用.bin"
        upload(key, CONTENT)
        first, second = (caller().create(package(file_location=location(key))) for _ in range(2))
        error = command("package", "delete", first.package_id, "--with-object", exit_code=6)
        self.assertEqual(error["kind"], "in_use")
        self.assertIn(second.package_id, error["message"])
        self.assertEqual(obs_client().getObjectMetadata(BUCKET, key).status, 200)
        caller().delete(second.package_id)

    def test_the_sdks_read_and_delete_what_our_command_published(self):
        version = a_version()
        published = command(
            *("package", "publish", self.file, "--type", "firmware", "--description", "由命令创建"),
            *("--app-id", APP_ID, "--product-id", PRODUCT_ID, "--version", version),
        )
        self.assertEqual(published["outcome"], "created")
        package_id = published["package"]["package_id"]

        shown = caller().show(package_id)
        self.assertEqual(shown.description, "由命令创建")
        place = shown.file_location.obs_location
        self.assertEqual(place.bucket_name, BUCKET)
        self.assertEqual(place.sign, SHA_256)

        head = obs_client().getObjectMetadata(BUCKET, place.object_key)
        self.assertEqual((head.status, head.body.contentLength), (200, len(CONTENT)))
        got = obs_client().getObject(BUCKET, place.object_key, loadStreamInMemory=True)
        self.assertEqual(got.body.buffer, CONTENT)

        self.assertEqual(caller().delete(package_id).status_code, 204)
        self.assertEqual(command("package", "list", "--type", "firmware", "--version", version)["packages"], [])
        self.assertEqual(obs_client().deleteObject(BUCKET, place.object_key).status, 204)
