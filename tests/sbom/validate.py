"""Validates a document with its format's official schema or model: validate.py FORMAT FILE.

What it needs, `cargo xtask validators` installs into target/validators.
"""

import io
import sys


def cyclonedx(text):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_7).validate_str(text)
    return [] if error is None else [repr(error)[:2000]]


def spdx2(path):
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    found = validate_full_spdx_document(parse_file(path))
    return [message.validation_message for message in found]


def spdx3(text):
    from spdx_python_model import v3_0_1 as model

    objects = model.SHACLObjectSet()
    model.JSONLDDeserializer().read(io.BytesIO(text.encode()), objects)
    missing = objects.link()
    found = [f"{one} leads nowhere" for one in sorted(missing)]
    kinds = {type(one).__name__ for one in objects.foreach()}
    for wanted in ("SpdxDocument", "software_Sbom", "software_Package", "Relationship"):
        if wanted not in kinds:
            found.append(f"there is no {wanted}: {sorted(kinds)}")
    # What a class demands is looked at when it is written.
    model.JSONLDSerializer().write(objects, io.BytesIO())
    return found


def main():
    form, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    check = {"cyclonedx": lambda: cyclonedx(text), "spdx-2.3": lambda: spdx2(path), "spdx": lambda: spdx3(text)}
    found = check[form]()
    for one in found[:20]:
        print(one)
    sys.exit(1 if found else 0)


main()
