#!/usr/bin/python3
"""Applies a JSON Schema to payload files: check_schema.py SCHEMA FILE... ; exit status 1 if one does not fit."""
import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
bad = 0
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        for problem in validator.iter_errors(json.load(file)):
            print(f"{path}: {'/'.join(map(str, problem.path))}: {problem.message}")
            bad += 1
sys.exit(1 if bad else 0)
