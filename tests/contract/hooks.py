"""What the generator has to know beyond the OpenAPI document, and a count of what it sent. Schemathesis loads this file.

- The rule between two fields of a create request: `module_name` goes with the package type `modulePackage`, and with no
  other. The document leaves it to the library, because the code generator has no words for it.
- The project. The emulator knows one, and refuses requests for another before anything else is looked at.
"""

import atexit
import collections
import copy
import json
import os

import schemathesis
from schemathesis.generation.meta import TestPhase

MODULE_PACKAGE = "modulePackage"

# How often each status was the answer, by operation: of all, and of those in sequences along the links of the document.
answers = {name: collections.defaultdict(collections.Counter) for name in ("all", "linked")}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    one_type_of_package(raw_schema["components"]["schemas"])
    one_project(raw_schema["components"])


def one_type_of_package(schemas):
    """Makes the create request one of two: for a module with its name, or for the rest without."""
    whole = schemas["CreateOtaPackageRequest"]
    types = schemas["PackageType"]["enum"]

    module = copy.deepcopy(whole)
    module["properties"]["package_type"] = {"type": "string", "enum": [MODULE_PACKAGE]}
    module["required"] = [*whole["required"], "module_name"]

    rest = copy.deepcopy(whole)
    rest["properties"]["package_type"] = {"type": "string", "enum": [one for one in types if one != MODULE_PACKAGE]}
    del rest["properties"]["module_name"]

    schemas["CreateOtaPackageRequest"] = {"oneOf": [module, rest]}


def one_project(components):
    """Leaves the emulator's project as the one valid value; others are still tried, as invalid ones."""
    project_id = os.environ["HUAWEICLOUD_SDK_PROJECT_ID"]
    components["schemas"]["ProjectId"] = {"type": "string", "enum": [project_id]}
    components["parameters"]["ProjectId"]["example"] = project_id


@schemathesis.hook
def after_call(context, case, response):
    # Methods that a path does not have are tried in the name of an operation that it has.
    if case.method.upper() == case.operation.method.upper():
        operation = case.operation.definition.raw["operationId"]
        answers["all"][operation][response.status_code] += 1
        if case.meta is not None and case.meta.phase.name == TestPhase.STATEFUL:
            answers["linked"][operation][response.status_code] += 1


@atexit.register
def write_answers():
    with open(os.environ["CONTRACT_ANSWERS"], "w", encoding="utf-8") as file:
        json.dump(answers, file)
