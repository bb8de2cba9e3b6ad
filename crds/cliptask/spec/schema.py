"""How does the resource look to the Kubernetes API? ``python -m cliptask.spec.schema`` prints the CRD."""

from __future__ import annotations

import ast
import inspect
import sys
from datetime import timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.json_schema import GenerateJsonSchema

from cliptask.spec.notify import OBJECT_PATTERN, OBJECT_WORDS, RECEIVER_PATTERN, RECEIVER_WORDS
from cliptask.spec.output import OUTPUT_PATTERN, OUTPUT_WORDS
from cliptask.spec.part import every_part
from cliptask.spec.quantities import format_duration, format_percentage
from cliptask.spec.rules import Rule, rules_of
from cliptask.spec.status import ClipTaskStatus
from cliptask.spec.task import GROUP, KIND, PLURAL, VERSION, ClipTask
from cliptask.spec.values import BUCKET_SCHEMES, URL_PATTERN
from cliptask.spec.yaml_source import dump

Schema = dict[str, Any]

HEADER = """\
# Generated from the models in crds/cliptask/spec. Do not edit; write it anew with
#   python -m cliptask.spec.schema > crds/cliptasks.cliptask.dev.yaml
"""

_KEPT = (
    "type", "description", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "multipleOf", "minItems", "maxItems", "minProperties", "maxProperties", "required", "format",
    "x-kubernetes-int-or-string", "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
)  # fmt: skip
"""What a structural schema says in the same words as JSON Schema, in the order of the generated file."""

_TRANSLATED = ("const", "default", "items", "properties", "additionalProperties")
_DROPPED = ("title", "$defs")

# The API server sees to the rest of a DNS label; the name must also fit the names of Jobs and folders.
_NAME_RULE = Rule(
    "metadata.name must be at most 40 lower-case letters, digits and hyphens",
    cel="self.metadata.name.size() <= 40 && !self.metadata.name.contains('.')",
)

_OBJECT = "must name a bucket and an object in it: write gs://bucket/object, s3://bucket/object or az://container/object"
_IN_A_BUCKET = " || ".join(f"self.startsWith('{scheme[:3]}')" for scheme in BUCKET_SCHEMES)
_IN_WORDS = {
    # In parts: at each of 2,000 clips, CEL's cost budget has room for two dozen characters of a pattern.
    URL_PATTERN: [
        Rule(
            "must begin with https://, http://, gs://, s3:// or az://: upload a file of your machine, and write gs://bucket/object or https://host/path",
            cel=" || ".join(
                f"self.startsWith('{each}')"
                for each in ("https://", "http://", *BUCKET_SCHEMES, "file:///", "{{")
            ),
        ),
        Rule("must hold no spaces: write %20", cel=r"!self.matches(r'[\s\x00-\x1f\x7f]')"),
        Rule(
            "must name a host or a bucket: write https://host/path or gs://bucket/object",
            cel=r"self.startsWith('file:') || !self.matches(r'^\w+://([/?#]|$)')",
        ),
        Rule(_OBJECT, cel=f"!({_IN_A_BUCKET}) || self.matches('^..:..[^/]+/[^/?#]')"),
        Rule(_OBJECT, cel=rf"!({_IN_A_BUCKET}) || self.matches(r'^..:..\w[^/]{{1,220}}\w/')"),
        Rule(
            "must name a bucket by lower-case letters, digits, dots, hyphens and underscores",
            cel=f"!({_IN_A_BUCKET}) || self.matches('^..:..[-._a-z0-9]+(/|$)')",
        ),
    ],
    OUTPUT_PATTERN: [
        Rule(
            "is a path of one machine: name a bucket that the cluster can write to, gs://bucket/folder, s3://bucket/folder or az://container/folder",
            cel="self.contains('://')",
        ),
        Rule(OUTPUT_WORDS, cel=f"!self.contains('://') || self.matches(r'{OUTPUT_PATTERN}')"),
    ],
    RECEIVER_PATTERN: [Rule(RECEIVER_WORDS, cel=f"self.matches(r'{RECEIVER_PATTERN}')")],
    OBJECT_PATTERN: [Rule(OBJECT_WORDS, cel=f"self.matches(r'{OBJECT_PATTERN}')")],
}
"""Patterns that nobody can read, and the rules that say the same in sentences."""


class _WithDefaults(GenerateJsonSchema):
    """pydantic's schema, with durations in the form that a task has."""

    def encode_default(self, dft: Any) -> Any:  # noqa: ANN401  # the signature of the base class
        if isinstance(dft, Fraction):
            return format_percentage(dft)
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def crd() -> Schema:
    """The CustomResourceDefinition, complete. Raises ``ValueError`` if a model uses what it cannot express."""
    root = {
        "type": "object",
        "description": ClipTask.__doc__,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "maxLength": 63, "description": f"{GROUP}/{VERSION}"},
            "kind": {"type": "string", "maxLength": 63, "description": KIND},
            "metadata": {"type": "object"},  # the API server owns it: a schema may say nothing but its type
            "spec": _in_words(structural(ClipTask)["properties"]["spec"]),
            "status": structural(ClipTaskStatus),
        },
        "x-kubernetes-validations": [_validation(_NAME_RULE)],
    }
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": root},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            _column("Phase", "string", ".status.phase", "Where it is; conditions say why."),
            _column("Variants", "integer", ".status.variants", "Videos that the task wants."),
            _column("Ready", "integer", ".status.succeeded", "Videos that are in the bucket."),
            _column("Failed", "integer", ".status.failed", "Videos that could not be made."),
            _column("Age", "date", ".metadata.creationTimestamp", "Time since its creation."),
            _column("Output", "string", ".spec.output.uri", "Where the videos go.", priority=1),
            _column("Message", "string", ".status.message", "What happens, or what to do.", priority=1),
        ],
    }
    names = {
        "kind": KIND,
        "listKind": f"{KIND}List",
        "plural": PLURAL,
        "singular": KIND.lower(),
        "shortNames": ["clip"],
        "categories": ["all"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {"group": GROUP, "names": names, "scope": "Namespaced", "versions": [version]},
    }


def _column(name: str, kind: str, path: str, description: str, priority: int = 0) -> Schema:
    column = {"name": name, "type": kind, "description": description, "jsonPath": path}
    return column | ({"priority": priority} if priority else {})


@cache
def structural(model: type[BaseModel]) -> Schema:
    """The structural schema of a model: every reference written out, every rule beside its object."""
    schema = model.model_json_schema(by_alias=True, schema_generator=_WithDefaults)
    definitions: dict[str, Schema] = schema.get("$defs", {})
    modules = {part.__module__ for part in (model, *every_part())}
    said = [_said(inspect.getsource(sys.modules[module])) for module in sorted(modules)]
    words_of = {name: words for each in said for name, words in each.items()}
    for name, each in [(model.__name__, schema), *definitions.items()]:
        for field, words in words_of.get(name, {}).items():
            each["properties"][_alias(field)].setdefault("description", words)
    return _translate(schema, definitions)


@cache
def _said(source: str) -> dict[str, dict[str, str]]:
    """For each class of a module the strings that stand after its fields, and those of a class before it that it extends.

    pydantic reads them when a class is made: with every start of the program, for 30 ms.
    """
    found: dict[str, dict[str, str]] = {}
    for node in (each for each in ast.parse(source).body if isinstance(each, ast.ClassDef)):
        bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
        inherited = {name: words for base in bases for name, words in found.get(base, {}).items()}
        found[node.name] = inherited | {
            field.target.id: inspect.cleandoc(text)
            for field, after in pairwise(node.body)
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if isinstance(text := after.value.value, str)
        }
    return found


def _alias(field: str) -> str:
    return to_camel(field.rstrip("_"))


def _translate(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    schema = schema.copy()
    if "$ref" in schema:
        name = schema.pop("$ref").rpartition("/")[2]
        return _translate(definitions[name] | schema, definitions) | _rules(name)
    if "anyOf" in schema:  # X or null: a field that may be left out
        (choice,) = [choice for choice in schema.pop("anyOf") if choice != {"type": "null"}]
        return _translate(choice | schema, definitions)
    if unknown := schema.keys() - {*_KEPT, *_TRANSLATED, *_DROPPED}:
        message = f"a CRD cannot say {', '.join(unknown)} of {schema.get('title', schema)}: translate it here"
        raise ValueError(message)
    translated: Schema = {keyword: schema[keyword] for keyword in _KEPT if keyword in schema}
    if "const" in schema:
        translated["enum"] = [schema["const"]]
    # The default of an object would be written into every task.
    if isinstance(schema.get("default"), str | int | float):
        translated["default"] = schema["default"]
    if "items" in schema:
        translated["items"] = _translate(schema["items"], definitions)
    if "properties" in schema:
        fields = schema["properties"].items()
        translated["properties"] = {name: _translate(field, definitions) for name, field in fields}
    # False needs no word: the API server refuses unknown fields anyway.
    if schema.get("additionalProperties"):
        translated["additionalProperties"] = _translate(schema["additionalProperties"], definitions)
    return translated


def _in_words(schema: Schema) -> Schema:
    """The same, with rules in the place of patterns that nobody can read."""
    if (rules := _IN_WORDS.get(schema.get("pattern", ""))) is not None:
        plain = {keyword: value for keyword, value in schema.items() if keyword != "pattern"}
        return plain | {"x-kubernetes-validations": [_validation(rule) for rule in rules]}
    said = dict(schema)
    if "properties" in said:
        # A second URL of each of 2,000 clips has no room in CEL's cost budget: it keeps its pattern.
        said["properties"] = {
            name: field if name == "captions" else _in_words(field)
            for name, field in said["properties"].items()
        }
    if "items" in said:
        said["items"] = _in_words(said["items"])
    return said


def _rules(model_name: str) -> Schema:
    rules = (rule for part in every_part() if part.__name__ == model_name for rule in rules_of(part))
    validations = [_validation(rule) for rule in rules if rule.cel]
    return {"x-kubernetes-validations": validations} if validations else {}


def _validation(rule: Rule) -> dict[str, str]:
    validation = {"rule": rule.cel or "", "message": rule.message}
    return validation | ({"fieldPath": f".{rule.field}"} if rule.field else {})


if __name__ == "__main__":
    sys.stdout.write(HEADER + dump(crd()))
