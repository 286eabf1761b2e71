"""People and answers for the tests of stores."""

from datetime import UTC, datetime

from toolkit.store import Answer, Invitation, Participant, Sitting, Store

STUDY = "closeness"
FOREVER = datetime(2099, 1, 1, tzinfo=UTC)
ORDER = ("q1", "q2", "q3")


def invite(store: Store, n: int = 1, *, study: str = STUDY, expires_at: datetime = FOREVER) -> list[Invitation]:
    return store.invite(study, n, couples=False, roles=(), expires_at=expires_at)


def invite_couples(store: Store, n: int = 1, *, roles=("a", "b"), study: str = STUDY) -> list[Invitation]:
    return store.invite(study, n, couples=True, roles=roles, expires_at=FOREVER)


def admitted(store: Store, invitation: Invitation, *, join: bool = True, study: str = STUDY) -> Participant:
    """Let a person in, record their consent, and join their couple if they have one."""
    person = store.admit(study, invitation.token)
    store.consent(person.number, version="1", language="en", text_checksum="checksum")
    if join and invitation.couple_code:
        assert store.join(person.number, invitation.couple_code)
    return person


def seated(store: Store, invitation: Invitation | None = None, *, wave="1", day=None, lease="page") -> Sitting:
    """Let a person in and begin an occasion."""
    person = admitted(store, invitation or invite(store)[0])
    return store.sit(person.number, wave=wave, day=day, order=ORDER, lease=lease)


def answer_all(store: Store, sitting: Sitting, *, lease="page", submit: bool = True, text: str | None = None) -> None:
    """Answer every item, with a free text if one is given, and submit."""
    for sequence, item in enumerate(sitting.order, start=1):
        last = text is not None and item == sitting.order[-1]
        answer = Answer(item, text=text) if last else Answer(item, sequence, milliseconds=1000 * sequence)
        assert store.save(sitting.number, answer, lease=lease, sequence=sequence) == "saved"
    if submit:
        assert store.submit(sitting.number, lease=lease, late=False) == "saved"
