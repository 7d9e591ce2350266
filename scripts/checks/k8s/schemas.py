"""Each object by the schema of its kind: no unknown kind, no unknown field."""

import json
import pathlib

import jsonschema
import kubernetes_validate

Validator = jsonschema.validators.Draft202012Validator


class Schemas:
    def __init__(self, folder: pathlib.Path, versions: list):
        self.versions = versions
        self.custom = {}
        for file in sorted(folder.glob("*.json")):
            schema = json.loads(file.read_text())
            Validator.check_schema(schema)
            kind = (schema["properties"]["apiVersion"]["const"], schema["properties"]["kind"]["const"])
            self.custom[kind] = Validator(schema)

    def custom_kinds(self) -> list:
        return [f"{kind} ({api})" for api, kind in self.custom]

    def problems(self, objects: list):
        for obj in objects:
            name = f"{obj.get('kind')}/{obj.get('metadata', {}).get('name')}"
            if not obj.get("apiVersion") or not obj.get("kind"):
                yield f"{name} has no apiVersion or no kind"
                continue
            custom = self.custom.get((obj["apiVersion"], obj["kind"]))
            if custom:
                for error in custom.iter_errors(obj):
                    yield f"{name}: {where(error)}{error.message}"
                continue
            for version in self.versions:
                try:
                    kubernetes_validate.validate(obj, version, strict=True)
                except kubernetes_validate.SchemaNotFoundError:
                    yield f"{name}: Kubernetes {version} has no {obj['kind']} in {obj['apiVersion']}"
                except kubernetes_validate.ValidationError as error:
                    yield f"{name} (Kubernetes {version}): {where(error)}{error.message}"


def where(error) -> str:
    path = ".".join(str(part) for part in error.absolute_path)
    return f"{path}: " if path else ""
