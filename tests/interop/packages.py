"""Every package operation with every kind of credentials, and what texts and pages come back as."""

import unittest

from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

from .support import PRODUCT_ID, a_version, an_object, caller, callers, location, package, upload


class Packages(unittest.TestCase):
    def test_every_operation_works_with_every_kind_of_credentials(self):
        for name, one in callers().items():
            with self.subTest(credentials=name):
                version = a_version()
                created = one.create(package(version=version))
                self.assertEqual(created.status_code, 201)
                self.assertEqual(created.version, version)

                shown = one.show(created.package_id)
                self.assertEqual(shown.to_dict(), created.to_dict())

                listed = one.list(version=version)
                self.assertEqual([each.package_id for each in listed.packages], [created.package_id])
                self.assertEqual(listed.page.count, 1)

                deleted = one.delete(created.package_id)
                self.assertEqual(deleted.status_code, 204)
                with self.assertRaises(ClientRequestException) as gone:
                    one.show(created.package_id)
                self.assertEqual(gone.exception.status_code, 404)

    def test_every_field_comes_back_as_it_was_sent(self):
        sent = package(
            package_type="modulePackage",
            module_name="camera.main",
            support_source_versions=["V1.0", "V1.1"],
            description="first line\nsecond line \u2028 \"quoted\" \\ 100%",
            custom_info='{"delay": 5}',
            file_location=location(an_object(), sign_method="SHA256", sign="ab" * 32),
        )
        created = caller().create(sent)
        self.assertRegex(created.create_time, r"^\d{8}T\d{6}Z$")
        returned = caller().show(created.package_id).to_dict()
        for field, value in sent.to_dict().items():
            self.assertEqual(returned[field], value, field)

    def test_chinese_texts_survive_in_fields_and_keys(self):
        key = "升级包/摄像头 固件+1.bin"
        upload(key, "内容".encode())
        description = "更新了XX功能,修复了XXXX问题" * 20
        created = caller().create(package(description=description, custom_info="𠮷野家", file_location=location(key)))
        shown = caller().show(created.package_id)
        self.assertEqual(shown.description, description)
        self.assertEqual(shown.custom_info, "𠮷野家")
        self.assertEqual(shown.file_location.obs_location.object_key, key)

    def test_lengths_count_characters_and_not_bytes(self):
        self.assertEqual(caller().create(package(description="升" * 1024)).status_code, 201)
        with self.assertRaises(ClientRequestException) as refused:
            caller().create(package(description="升" * 1025))
        self.assertEqual(refused.exception.error_code, "IOTDA.000006")

    def test_filters_narrow_a_list(self):
        one = caller().create(package(app_id="other-app", product_id="other-product"))
        caller().create(package(app_id="other-app"))
        listed = caller().list(app_id="other-app", product_id="other-product")
        self.assertEqual([each.package_id for each in listed.packages], [one.package_id])
        self.assertEqual(caller().list(app_id="other-app", product_id=PRODUCT_ID).page.count, 1)
        self.assertEqual(caller().list("softwarePackage", app_id="other-app").packages, [])
