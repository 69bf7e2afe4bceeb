"""Sentences for validation errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SENTENCES = {  # by pydantic's kinds of error; the names in braces are those of the error's own values
    "greater_than_equal": "should be greater than or equal to {ge}",
    "greater_than": "should be greater than {gt}",
    "less_than_equal": "should be less than or equal to {le}",
    "less_than": "should be less than {lt}",
    "finite_number": "should be a finite number",
    "int_parsing": "should be a valid integer, such as 5",
    "int_type": "should be a valid integer, such as 5",
    "int_from_float": "should be a valid integer, such as 5",
    "int_parsing_size": "has too many digits",
    "float_parsing": "should be a number, such as 0.1",
    "float_type": "should be a number, such as 0.1",
    "bool_parsing": "should be 1 for yes or 0 for no",
    "bool_type": "should be 1 for yes or 0 for no",
    "literal_error": "should be one of {expected}",
    "string_type": "should be a text",
    "string_too_long": "should be at most {max_length} characters long",
    "too_long": "should be at most {max_length}, got {actual_length}",
    "too_short": "should be at least {min_length}, got {actual_length}",
    "tuple_type": "should be a list",
    "model_type": "should be settings by name",
    "missing": "is missing",
    "union_tag_invalid": "kind should be one of {expected_tags}",
    "union_tag_not_found": "should say its kind",
    "extra_forbidden": "no such setting",
    "value_error": "{error}",
}


def explain(item: Mapping[str, Any], within: int = 1) -> str:
    """One pydantic error as a sentence: the rule that was broken.

    Args:
        item: of `ValidationError.errors()`.
        within: how many parts of the error's place name the setting; further names come first in the sentence.
    """
    values = {name: f"{value:g}" if isinstance(value, float) else value for name, value in item.get("ctx", {}).items()}
    values["expected"] = str(values.get("expected", "")).replace("'", "")
    place = " ".join(part for part in item["loc"][within:] if isinstance(part, str))
    return f"{place} {SENTENCES.get(item['type'], 'cannot be read').format(**values)}".strip()
