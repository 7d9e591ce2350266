"""Validates rendered overlays of deploy/k8s; run by scripts/check-k8s, which says what for."""

import argparse
import collections
import pathlib
import sys

import facts
import links
import schemas
import yaml


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubernetes", action="append", required=True, help="a version to validate by")
    parser.add_argument("--schemas", type=pathlib.Path, required=True, help="folder of schemas of custom kinds")
    parser.add_argument("--readme", type=pathlib.Path, required=True, help="names the Secrets to make")
    parser.add_argument("--crates", type=pathlib.Path, required=True, help="the code to compare with")
    parser.add_argument("--rules", type=pathlib.Path, required=True, help="where to put the alerts' rules")
    parser.add_argument("rendered", type=pathlib.Path, nargs="+")
    args = parser.parse_args()

    known = schemas.Schemas(args.schemas, args.kubernetes)
    program = facts.Facts(args.crates)
    readme = args.readme.read_text()
    args.rules.mkdir()
    bad = False
    for file in args.rendered:
        objects = [obj for obj in yaml.safe_load_all(file.read_text()) if obj]
        problems = list(known.problems(objects))
        # What has another form than expected cannot be compared.
        if not problems:
            overlay = links.Overlay(objects)
            problems = [*overlay.problems(readme), *program.problems(overlay)]
            write_rules(overlay, args.rules, file.stem)
        for problem in problems:
            print(f"{file.stem}: {problem}")
        bad = bad or bool(problems)
        print(f"{file.stem}: {summary(objects)}: {f'{len(problems)} problems' if problems else 'well'}")
    print(f"schemas: Kubernetes {', '.join(args.kubernetes)}; {', '.join(sorted(known.custom_kinds()))}")
    return 1 if bad else 0


def write_rules(overlay: links.Overlay, folder: pathlib.Path, name: str):
    for rule in overlay.of("PrometheusRule"):
        file = folder / f"{name}-{rule['metadata']['name']}.yaml"
        file.write_text(yaml.safe_dump(rule["spec"]))


def summary(objects: list) -> str:
    kinds = collections.Counter(obj.get("kind") for obj in objects)
    return f"{len(objects)} objects ({', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))})"


if __name__ == "__main__":
    sys.exit(main())
