"""What a script with the official Python SDK does that lists packages once: the peer of `iotda-ota package list`.

Endpoint, project and keys come from the environment, by the names that the emulator prints.
"""

import os

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkiotda.v5 import IoTDAClient, ListOtaPackageInfoRequest

credentials = BasicCredentials(
    os.environ["HUAWEICLOUD_SDK_AK"], os.environ["HUAWEICLOUD_SDK_SK"], os.environ["HUAWEICLOUD_SDK_PROJECT_ID"]
)
region = Region(os.environ["IOTDA_OTA_REGION"], os.environ["IOTDA_OTA_ENDPOINT"])
iotda = IoTDAClient.new_builder().with_credentials(credentials).with_region(region).build()
for package in iotda.list_ota_package_info(ListOtaPackageInfoRequest(package_type="firmwarePackage", limit=50)).packages:
    print(package.package_id, package.version)
