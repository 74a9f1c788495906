"""Trial mails from the page: to the settings' test addresses and to nobody else, whatever is posted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from PIL import Image
from starlette.testclient import TestClient

from newsletter.delivery.scope import Kind, Outcome, Scope, Stage
from newsletter.errors import RelayError
from newsletter.message.merge import Message
from newsletter.settings import Settings
from newsletter.web.premises import Premises
from newsletter.workspace import Workspace
from tests.room_review import post
from tests.room_server import Published, Trials, desk_path

ClientOf = Callable[..., AbstractContextManager[TestClient]]
VERA, PRESS = "vera@zarechye.example", "press@zarechye.example"


@pytest.fixture
def base(room_workspace: Workspace) -> str:
    return desk_path(room_workspace, room_workspace.content / "optika.md")


def set_up(workspace: Workspace, *, addresses: str = f'"{PRESS}", "{VERA}"') -> None:
    """Write what an engineer would: who sends, by which relay, and who may get trials."""
    file = workspace.settings_file
    text = file.read_text(encoding="utf-8")
    for old, new in (
        ('public_url = ""', 'public_url = "https://news.zarechye.example"'),
        ('from = ""', 'from = "Пресс-служба <news@zarechye.example>"'),
        ('unsubscribe_mailto = ""', 'unsubscribe_mailto = "unsubscribe@zarechye.example"'),
        ("[smtp]", '[smtp]\nurl = "smtp://127.0.0.1:1"'),
        ("[review]", f"[review]\ntest_addresses = [{addresses}]"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")


def sent(premises: Premises) -> list[str]:
    assert isinstance(premises.send_trials, Trials)
    return [message.rcpt_to for _, message in premises.send_trials.sent]


def test_a_trial_goes_to_the_chosen_address(
    client: TestClient, base: str, premises: Premises, room_workspace: Workspace
) -> None:
    set_up(room_workspace)
    answer = post(client, f"{base}trial", {"to": VERA})
    assert answer.status_code == 200
    assert f"{VERA}: принято" in answer.json()["message"]
    assert sent(premises) == [VERA]


def test_a_trial_goes_to_all_test_addresses_when_asked(
    client: TestClient, base: str, premises: Premises, room_workspace: Workspace
) -> None:
    set_up(room_workspace)
    assert post(client, f"{base}trial", {"to": "*"}).status_code == 200
    assert sent(premises) == [PRESS, VERA]


def test_no_other_address_is_ever_mailed_to(
    client: TestClient, base: str, premises: Premises, room_workspace: Workspace
) -> None:
    set_up(room_workspace)
    for to in (
        *("", "boss@zarechye.example", f"{VERA}, boss@zarechye.example", f"{VERA}\r\nBcc: x@zarechye.example"),
        *(f" {VERA}", VERA.upper(), f"<{VERA}>", "**", [VERA], {"to": VERA}, None, True, 1),
    ):
        posted = {"to": to, "addresses": ["boss@zarechye.example"], "test_addresses": ["boss@zarechye.example"]}
        assert post(client, f"{base}trial", posted).status_code in (400, 409), to
    assert sent(premises) == []


def test_a_subscriber_gets_their_own_data(
    client: TestClient, base: str, premises: Premises, room_workspace: Workspace, add_people: Callable[..., None]
) -> None:
    set_up(room_workspace)
    add_people(VERA, name="Вера Кленова", city="Зареченск")
    post(client, f"{base}trial", {"to": "*"})
    assert isinstance(premises.send_trials, Trials)
    texts = {message.rcpt_to: message.data for _, message in premises.send_trials.sent}
    assert texts[PRESS] != texts[VERA]


def test_missing_settings_are_named_and_nothing_is_sent(
    client: TestClient, base: str, premises: Premises, room_workspace: Workspace
) -> None:
    assert "test_addresses" in client.get(f"{base}panel/review").text
    answer = post(client, f"{base}trial", {"to": VERA})
    assert (answer.status_code, sent(premises)) == (409, [])
    assert "test_addresses" in answer.json()["error"]["message"]
    assert answer.json()["error"]["message"].startswith("Письмо не отправлено. Передайте инженеру:")

    file = room_workspace.settings_file
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[review]", f'[review]\ntest_addresses = ["{VERA}"]'), encoding="utf-8")
    answer = post(client, f"{base}trial", {"to": VERA})
    assert (answer.status_code, sent(premises)) == (409, [])
    assert "public_url" in answer.json()["error"]["message"]


def test_errors_of_the_checks_stop_a_trial_too(
    client: TestClient, base: str, premises: Premises, room_workspace: Workspace
) -> None:
    set_up(room_workspace)
    footer = room_workspace.templates / "press" / "parts" / "footer.mjml"
    words = footer.read_text(encoding="utf-8")
    footer.write_text(words.replace("{{ links.unsubscribe }}", "https://zarechye.example/"), encoding="utf-8")
    assert post(client, f"{base}trial", {"to": VERA}).status_code == 409
    assert sent(premises) == []


def test_what_became_of_each_copy_is_told(
    base: str, premises: Premises, room_workspace: Workspace, client_of: ClientOf
) -> None:
    set_up(room_workspace)

    def refuse(_settings: Settings, messages: Sequence[Message]) -> Sequence[Outcome]:
        refused = Outcome(
            kind=Kind.REJECTED, scope=Scope.RECIPIENT, stage=Stage.RCPT, code=550, reply="5.1.1 <b>no such user</b>"
        )
        taken = Outcome(kind=Kind.ACCEPTED, scope=Scope.NONE, stage=Stage.CONTENT, code=250)
        return [refused, *[taken for _ in messages[1:]]]

    with client_of(replace(premises, send_trials=refuse)) as client:
        answer = post(client, f"{base}trial", {"to": "*"})
    assert answer.status_code == 409
    message = answer.json()["error"]["message"]
    assert f"{PRESS}: почтовый сервер отказал (550 5.1.1" in message
    assert f"{VERA}: принято" in message


def test_a_relay_that_does_not_answer_is_said_in_words(
    base: str, premises: Premises, room_workspace: Workspace, client_of: ClientOf
) -> None:
    set_up(room_workspace)

    def nobody(_settings: Settings, _messages: Sequence[Message]) -> Sequence[Outcome]:
        raise RelayError("127.0.0.1:9 cannot be reached: connection refused", fix="check smtp.url and the firewall")

    with client_of(replace(premises, send_trials=nobody)) as client:
        answer = post(client, f"{base}trial", {"to": VERA})
        of_all = post(client, f"{base}trial", {"to": "*"})
    assert answer.status_code == 409
    message = answer.json()["error"]["message"]
    assert message.startswith("Письмо не отправлено. Связаться с почтовым сервером не удалось. Передайте инженеру:")
    assert "127.0.0.1:9" in message
    assert of_all.json()["error"]["message"].startswith("Письмо отправлено не всем, а возможно, никому.")


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        (Kind.REJECTED, "Письмо не отправлено."),
        (Kind.NOT_SENT, "Письмо не отправлено."),
        (Kind.UNCERTAIN, "Неизвестно, отправлено ли письмо"),
    ],
)
def test_whether_the_mail_left_is_said_first(
    base: str, premises: Premises, room_workspace: Workspace, client_of: ClientOf, kind: Kind, first: str
) -> None:
    set_up(room_workspace)

    def end(_settings: Settings, messages: Sequence[Message]) -> Sequence[Outcome]:
        return [Outcome(kind=kind, scope=Scope.OURS, stage=Stage.CONTENT, reply="no") for _ in messages]

    with client_of(replace(premises, send_trials=end)) as client:
        error = post(client, f"{base}trial", {"to": VERA}).json()["error"]
    assert error["message"].startswith(first)
    assert "инженеру" in error["fix"]


def test_a_second_trial_waits_for_nobody_and_is_refused(
    base: str, premises: Premises, room_workspace: Workspace, client_of: ClientOf
) -> None:
    set_up(room_workspace)
    begun, may_end = threading.Event(), threading.Event()
    trials = Trials()

    def slow(settings: Settings, messages: Sequence[Message]) -> Sequence[Outcome]:
        begun.set()
        assert may_end.wait(30)
        return trials(settings, messages)

    with client_of(replace(premises, send_trials=slow)) as client:
        answers = []
        first = threading.Thread(target=lambda: answers.append(post(client, f"{base}trial", {"to": VERA})))
        first.start()
        assert begun.wait(30)
        second = post(client, f"{base}trial", {"to": VERA})
        may_end.set()
        first.join()
    assert (second.status_code, [answer.status_code for answer in answers]) == (409, [200])
    assert [message.rcpt_to for _, message in trials.sent] == [VERA]


def test_pictures_of_the_mail_are_put_into_the_folder_to_be_published(
    client: TestClient, base: str, premises: Premises, room_workspace: Workspace
) -> None:
    set_up(room_workspace)
    settings = room_workspace.settings_file.read_text(encoding="utf-8")
    address = '# assets_url = ""'
    assert address in settings
    room_workspace.settings_file.write_text(
        settings.replace(address, 'assets_url = "https://news.zarechye.example"  #', 1), encoding="utf-8"
    )
    Image.new("RGB", (600, 300), "#0b5f6b").save(room_workspace.content / "plant.png")
    item = room_workspace.content / "optika.md"
    item.write_text(f"{item.read_text(encoding='utf-8')}\n\n![Цех оптики](plant.png)\n", encoding="utf-8")
    assert post(client, f"{base}trial", {"to": VERA}).status_code == 200
    assert isinstance(premises.write_pictures, Published)
    (name,) = premises.write_pictures.names
    assert name.endswith(".png")
