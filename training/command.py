"""One command line for every stage: built from its settings, errors of the user's in a sentence."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import field
from typing import Any

from transformers import HfArgumentParser

from jobtitles.errors import JobTitlesError


def option(default: Any, text: str) -> Any:
    """A settings field with its help text."""
    return field(default=default, metadata={"help": text})


def run(settings_class: type, stage: Callable[[Any], None]) -> None:
    """Parse the command line into `settings_class`, run `stage`; exit 2 on a user's error.

    `@FILE` among the arguments stands for the arguments in that file, one a line.

    Args:
        settings_class: A frozen dataclass; every field becomes an option of that name.
        stage: Called with the settings. Errors outside the family stay loud.
    """
    summary = inspect.getdoc(stage).split("\n")[0]
    parser = HfArgumentParser(settings_class, description=summary, fromfile_prefix_chars="@")
    settings = settings_class(**vars(parser.parse_args()))
    try:
        stage(settings)
    except JobTitlesError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
