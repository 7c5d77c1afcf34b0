"""What a script does today that publishes by hand: hash the file, then upload it with the official OBS SDK.

Arguments: FILE OBJECT_KEY. Endpoint, keys and bucket come from the environment, by the names that the emulator prints.
"""

import hashlib
import os
import sys

from obs import ObsClient

path, key = sys.argv[1], sys.argv[2]
with open(path, "rb") as file:
    digest = hashlib.file_digest(file, "sha256").hexdigest()
obs = ObsClient(
    access_key_id=os.environ["HUAWEICLOUD_SDK_AK"],
    secret_access_key=os.environ["HUAWEICLOUD_SDK_SK"],
    server=os.environ["IOTDA_OTA_OBS_ENDPOINT"],
    signature="obs",
)
answer = obs.putFile(os.environ["IOTDA_OTA_BUCKET"], key, path)
if answer.status >= 300:
    sys.exit(f"putFile: {answer.status} {answer.errorCode} {answer.errorMessage}")
print(digest)
