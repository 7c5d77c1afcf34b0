"""Calls create or list again and again with the official Python SDK, from one thread or many.

Prints one JSON object with the same keys as the Rust programs. Arguments: ENDPOINT create|list CALLERS CALLS.
"""

import json
import resource
import sys
import threading
import time

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkiotda.v5 import (
    CreateOtaPackage,
    CreateOtaPackageRequest,
    FileLocation,
    IoTDAClient,
    ListOtaPackageInfoRequest,
    ObsLocation,
)

PROJECT = "0123456789abcdef0123456789abcdef"
WARM_UP = 50


def client(endpoint):
    credentials = BasicCredentials("FAKEAK0000000000TEST", "fake-sk-for-benchmarks-only-000000000000", PROJECT)
    config = HttpConfig.get_default_config()
    config.ignore_ssl_verification = True
    builder = IoTDAClient.new_builder().with_http_config(config).with_credentials(credentials)
    return builder.with_region(Region("cn-north-4", endpoint)).build()


def create(iotda):
    location = ObsLocation(
        region_name="cn-north-4",
        bucket_name="firmware",
        object_key="sensors/v1.0/upgrade.bin",
        sign="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    )
    body = CreateOtaPackage(
        app_id="61bd7bdf06b54bb0a06b0d1b5a1b4c11",
        product_id="5ba24f5ebbe8f56f5a14f605",
        package_type="firmwarePackage",
        version="v1.0",
        support_source_versions=["v0.8", "v0.9"],
        description="bench",
        file_location=FileLocation(obs_location=location),
    )
    answer = iotda.create_ota_package(CreateOtaPackageRequest(body=body))
    assert answer.package_id == "28f61af50fc9452aa0ed5ea25c3cc3d3"


def list_packages(iotda):
    answer = iotda.list_ota_package_info(ListOtaPackageInfoRequest(package_type="firmwarePackage", limit=10))
    assert len(answer.packages) == 10


def calls(iotda, call, callers, count):
    shares = [count // callers + (1 if index < count % callers else 0) for index in range(callers)]
    failures = []

    def work(share):
        try:
            for _ in range(share):
                call(iotda)
        except Exception as error:  # A thread's failure has to fail the program.
            failures.append(error)

    threads = [threading.Thread(target=work, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def processor():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_bytes():
    """The peak of this program; on Linux ru_maxrss would be that of whoever started it, if that is more."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main():
    endpoint, operation, callers, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    call = {"create": create, "list": list_packages}[operation]
    iotda = client(endpoint)
    calls(iotda, call, callers, max(WARM_UP, callers))
    began, before = time.perf_counter(), processor()
    calls(iotda, call, callers, count)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - began,
                "cpu_seconds": processor() - before,
                "peak_bytes": peak_bytes(),
                "calls": count,
                "callers": callers,
            }
        )
    )


if __name__ == "__main__":
    main()
