"""Prints what the models of the official IoTDA SDK say about the package operations, as JSON: `cargo xtask drift` compares
it with the OpenAPI document.

Each operation has places, such as `query limit` or `body file_location.obs_location.sign`, and each place has facts that
are called as in OpenAPI. Types and required fields come from the code of the models. Limits and values come from their
Chinese texts; of the answers only the types are told, because limits bind what is sent.
"""

import ast
import inspect
import json
import re
import sys
import textwrap

from huaweicloudsdkiotda import v5

# The operations of the document by the names of the SDK's methods.
OPERATIONS = {
    "create_ota_package": "create_ota_package",
    "list_ota_packages": "list_ota_package_info",
    "show_ota_package": "show_ota_package",
    "delete_ota_package": "delete_ota_package",
}

TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}

# The words for characters in the texts, and the ranges they mean. A word that contains another comes first.
CHARACTERS = [
    ("十六进制", "0-9 A-F a-f"),
    ("大小写字母a到f", "A-F a-f"),
    ("小写字母", "a-z"),
    ("英文字母", "A-Z a-z"),
    ("字母", "A-Z a-z"),
    ("数字", "0-9"),
    ("下划线（_）", "_"),
    ("连接符（-）", "-"),
    ("英文点（.）", "."),
]


def main():
    json.dump({name: operation(method) for name, method in OPERATIONS.items()}, sys.stdout, ensure_ascii=False)


def operation(method):
    name = "".join(word.title() for word in method.split("_"))
    model = getattr(v5, f"{name}Request")
    # The client sorts the fields of a request into path, query, header and body.
    request = model(**{field: field for field in model.openapi_types})
    call = getattr(v5.IoTDAClient, f"_{method}_http_info")(request)
    places = {"": {"method": call["method"].lower(), "path": call["resource_path"]}}
    for wire_name, field in model_fields(model).items():
        if wire_name in call["path_params"]:
            describe(places, f"path {wire_name}", field)
        elif wire_name in dict(call["query_params"]):
            describe(places, f"query {wire_name}", field)
        elif wire_name in call["header_params"]:
            describe(places, f"header {wire_name}", field)
        else:
            describe(places, "body", field)
    for wire_name, field in model_fields(getattr(v5, call["response_type"])).items():
        describe(places, f"answer {wire_name}", field)
    return places


def model_fields(model):
    """The fields of a model by their names on the wire: type, whether it is required, text."""
    texts = dict(re.findall(r":param (\w+): (.*)", inspect.getdoc(model.__init__)))
    optional = optional_fields(model)
    return {
        model.attribute_map[name]: {"type": kind, "required": name not in optional, "text": texts.get(name, "")}
        for name, kind in model.openapi_types.items()
    }


def optional_fields(model):
    """The fields that `__init__` only sets when they are given."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(model.__init__)))
    return {node.test.left.id for node in ast.walk(tree) if isinstance(node, ast.If)}


def describe(places, place, field):
    """Adds the facts of a field, and of what it consists of."""
    kind, sent = field["type"], not place.startswith("answer ")
    facts = places[place] = {}
    # What is in the path is always required, and an item is required or not with its list.
    if sent and not place.startswith("path ") and not place.endswith("[]"):
        facts["required"] = field["required"]
    if kind.startswith("list["):
        facts["type"] = "array"
        # What a text says about length and characters is meant for the items.
        limits = text_limits(field["text"]) if sent else {}
        if "maxItems" in limits:
            facts["maxItems"] = limits.pop("maxItems")
        inner = kind.removeprefix("list[").removesuffix("]")
        describe(places, f"{place}[]", {"type": inner, "text": ""})
        places[f"{place}[]"] |= limits
    elif kind in TYPES:
        facts["type"] = TYPES[kind]
        facts |= text_limits(field["text"]) if sent else {}
    else:
        facts["type"] = "object"
        for name, inner in model_fields(getattr(v5, kind)).items():
            # `body` and `answer` stand apart from the names below them.
            separator = " " if place == "body" else "."
            describe(places, f"{place}{separator}{name}", inner)


def text_limits(text):
    """The limits and values in a text."""
    limits = {}
    if found := re.search(r"长度不超过(\d+)", text):
        limits["maxLength"] = int(found[1])
    if found := re.search(r"长度最小为(\d+)，最大为(\d+)", text):
        limits["minLength"], limits["maxLength"] = int(found[1]), int(found[2])
    if found := re.search(r"长度为(\d+)", text):
        limits["minLength"] = limits["maxLength"] = int(found[1])
    if found := re.search(r"(\d+)-(\d+)的整数", text):
        limits["minimum"], limits["maximum"] = int(found[1]), int(found[2])
    if found := re.search(r"最多支持(\d+)个", text):
        limits["maxItems"] = int(found[1])
    if values := re.findall(r"(?:必须设置为：|只支持)(\w+)", text, re.ASCII):
        limits["enum"] = " ".join(sorted(set(values)))
    if found := re.search(r"只允许(.*?)的组合|(十六进制)字符串", text):
        limits["characters"] = characters(found[1] or found[2])
    return limits


def characters(words):
    """The ranges of characters that words mean, in one order."""
    ranges = set()
    for word, meaning in CHARACTERS:
        if word in words:
            words = words.replace(word, "")
            ranges |= set(meaning.split())
    return " ".join(sorted(ranges))


if __name__ == "__main__":
    main()
