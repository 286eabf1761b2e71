"""Texts: the words of the questionnaire by language, from the files in `texts/`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

import yaml

from ..collection_rules import interface_languages

languages_of_pages = interface_languages


@lru_cache(maxsize=16)
def words(language: str) -> Mapping[str, str]:
    """Read what the kernel says in a language: messages, notices, feedback."""
    return _read(f"{language}.yaml")


@lru_cache(maxsize=16)
def page_words(language: str) -> Mapping[str, str]:
    """Read what the page itself says in a language: buttons, labels, progress."""
    return _read("page", f"{language}.yaml")


def _read(*names: str) -> Mapping[str, str]:
    text = files("toolkit").joinpath("questionnaire", "texts", *names).read_text(encoding="utf-8")
    return {key: str(value).strip() for key, value in yaml.safe_load(text).items()}


def say(language: str, key: str, **values: object) -> str:
    """Say something in a language.

    Examples
    --------
    >>> say("de", "page_title", page=2, pages=5)
    'Seite 2 von 5'
    """
    return words(language)[key].format(**values)
