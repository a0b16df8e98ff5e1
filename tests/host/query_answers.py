"""Answers of AWS's Query protocol, held against the model that botocore reads them by."""

import xml.etree.ElementTree

# Members that Debian's model of the API is too old to know, and the real one answers all the same.
NEWER_MEMBERS = {"IpAddressType", "IsDefault"}
# What any action may be refused with.
COMMON_ERRORS = {"ValidationError", "InvalidAction", "SignatureDoesNotMatch", "AccessDenied",
                 "InvalidClientTokenId", "InternalFailure"}


def check_element(shape, element, path):
    if shape.type_name == "structure":
        names = [child.tag for child in element]
        assert len(names) == len(set(names)), (path, names)
        unknown = set(names) - set(shape.members) - NEWER_MEMBERS
        assert not unknown, f"{path}: unknown members {unknown}"
        for child in element:
            if child.tag in shape.members:
                check_element(shape.members[child.tag], child, f"{path}.{child.tag}")
        absent = set(shape.required_members) - set(names)
        assert not absent, f"{path}: {absent} missing"
    elif shape.type_name == "list":
        for child in element:
            assert child.tag == "member", f"{path}: {child.tag}"
            check_element(shape.member, child, path)
    elif shape.type_name == "map":
        for entry in element:
            assert [child.tag for child in entry] == ["key", "value"], f"{path}: {entry.tag}"
            check_element(shape.value, entry[1], path)
    else:
        text = element.text or ""
        assert len(element) == 0, path
        if shape.type_name in ("integer", "long"):
            int(text)
        elif shape.type_name in ("double", "float"):
            float(text)
        elif shape.type_name == "boolean":
            assert text in ("true", "false"), path
        choices = getattr(shape, "enum", [])
        assert not choices or text in choices, f"{path}: {text!r} is none of {choices}"


def without_namespace(body, namespace):
    root = xml.etree.ElementTree.fromstring(body)
    for element in root.iter():
        assert element.tag.startswith("{" + namespace + "}"), element.tag
        element.tag = element.tag.split("}", 1)[1]
    return root


def check(response_dict, context, **_):
    """The raw bytes, not what botocore has made of them."""
    model = context["ikada_model"]
    headers = {name.lower(): value for name, value in response_dict["headers"].items()}
    assert headers["content-type"] == "text/xml"
    root = without_namespace(response_dict["body"],
                             model.service_model.metadata["xmlNamespace"])
    if response_dict["status_code"] == 200:
        assert root.tag == model.name + "Response"
        assert root.find("ResponseMetadata/RequestId").text == headers["x-amzn-requestid"]
        check_element(model.output_shape, root.find(model.name + "Result"), model.name)
        return
    assert root.tag == "ErrorResponse"
    known = {shape.metadata.get("error", {}).get("code") for shape in model.error_shapes}
    code = root.find("Error/Code").text
    assert code in known | COMMON_ERRORS, (model.name, response_dict["body"])
    assert root.find("Error/Message").text
