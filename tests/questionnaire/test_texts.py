"""Words of the pages: both languages say the same things, in their own words."""

import string

import pytest

from toolkit.questionnaire import feedback
from toolkit.questionnaire.messages import Rule
from toolkit.questionnaire.texts import languages_of_pages, page_words, say, words


def placeholders(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("read", [words, page_words])
@pytest.mark.parametrize("language", languages_of_pages())
def test_every_language_has_the_same_keys_and_placeholders(read, language):
    english, other = read("en"), read(language)
    assert list(other) == list(english)
    for key, text in english.items():
        assert placeholders(other[key]) == placeholders(text), key
        assert other[key].strip(), key


def test_no_text_is_left_in_english():
    short = {"decimal_mark"}
    assert [key for key in words("en") if key not in short and words("en")[key] == words("de")[key]] == []


@pytest.mark.parametrize("language", languages_of_pages())
def test_columns_of_the_copy_are_complete(language):
    assert len(say(language, "export_columns").split()) == 4


@pytest.mark.parametrize("language", languages_of_pages())
def test_prefer_not_to_say_has_one_name(language):
    assert say(language, "prefer_not_to_say") == page_words(language)["refused"]
    assert say(language, "prefer_not_to_say") in say(language, "refused_required")


@pytest.mark.parametrize("language", languages_of_pages())
def test_everything_that_can_be_said_has_words(language):
    names = [f"{name}_{scale}" for name, scales in feedback.SCALES.items() for scale in scales]
    names += [f"step_{step}" for steps in feedback.STEPS.values() for step in steps]
    secrets = ("token", "couple_code", "withdrawal_code")
    names += [f"refused_{rule}" for rule in Rule.__args__ if rule not in secrets]
    notices = ("not_due", "sent", "done", "over", "closed", "elsewhere", "stopped", "withdrawn", "erased")
    names += [f"{notice}_{part}" for notice in notices for part in ("title", "text")]
    assert set(names) <= set(words(language))


@pytest.mark.parametrize("language", languages_of_pages())
def test_nobody_is_told_what_to_do_about_themselves(language):
    """Feedback tells what some people try; it gives no advice, no diagnosis and no norm, and speaks of no partner."""
    spoken = [text for key, text in words(language).items() if key.startswith(("feedback_", "step_", "has_", "rws_"))]
    refused = {
        "en": ("should", "must ", "ought", "you need to", "average person", "normal", "most people", "your partner"),
        "de": ("sollten", "sollen", "müssen", "mussten", "normal", "die meisten", "Partner", "Durchschnitt"),
    }
    for text in spoken:
        assert not [word for word in refused[language] if word.lower() in text.lower()], text
    steps = [text for key, text in words(language).items() if key.startswith("step_")]
    assert len(steps) == 7
    assert all(text.startswith({"en": "Some people", "de": "Manche Menschen"}[language]) for text in steps)
