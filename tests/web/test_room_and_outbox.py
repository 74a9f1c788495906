"""What the room shows of a person's mail is what a send writes for them, but for tokens, Message-ID and Date."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message

import pytest
from starlette.testclient import TestClient

from newsletter.cli.main import main
from newsletter.store.database import open_database, reading
from newsletter.store.people import search_people
from newsletter.store.subscribers import list_label
from newsletter.tokens import load_keys
from newsletter.web.app import build_app
from newsletter.workspace import Workspace
from tests.room_server import HOST, ITEM, TOKEN, desk_path, fill_workspace, make_premises

pytestmark = pytest.mark.slow  # a whole send, and four mails read again

# Values that a mail has to encode or escape, and none at all.
PEOPLE = """\
email;name;city;language
anna@vestnik.example;Анна Зимина;Зареченск;ru
john@herald.example;"John ""Jack"" O'Connor <ed>";San & Co;en
boris@delo.example;;;
"""
OFFICE = """\
public_url = "https://news.zarechye.example"
archive_url = "https://archive.zarechye.example"
[office]
name = "Пресс-служба ОЭЗ «Заречье»"
[sender]
from = "Пресс-служба <news@zarechye.example>"
unsubscribe_mailto = "unsubscribe@zarechye.example"
reply_to = "Редакция <editors@zarechye.example>"
bounce_domain = "bounce.zarechye.example"
feedback_id = "zarechye"
[subscriber.fields]
name = { default = "" }
city = { default = "" }
language = { default = "" }
"""
FRONT = "list: press\ntemplate: branching\nvariants: {language: [ru, en]}\n"
BRANCH = '{% if variant.language == "en" %}<p>In English.</p>{% else %}<p>По-русски.</p>{% endif %}'
MARKS = re.compile(r"<!--(?:block|end) \d+\.(?:\d+|title|lead)-->")
MASKED_FIELDS = {
    "Date": r".+",
    "Message-ID": r"(?<=<)[^@]+(?=@)",
    "X-Newsletter-Delivery": r"[a-z2-7]{40}",
    "Feedback-ID": r"^\d+",  # the number of the issue in the ledger
}


@dataclass(frozen=True, slots=True)
class Office:
    client: TestClient
    base: str
    words: Mapping[str, str]  # of each address: how the room names its reader
    outbox: Mapping[str, Message]
    label: str  # of the list, in List-ID

    def shown(self, address: str) -> Message:
        """Return the message that the room offers to download for this person."""
        return parsed(self.client.get(f"{self.base}message.eml?as={self.words[address]}").content)

    def frame(self, address: str) -> str:
        return self.client.get(f"{self.base}mail?as={self.words[address]}").text


def parsed(data: bytes) -> Message:
    return email.message_from_bytes(data)


def branching(workspace: Workspace) -> None:
    """Make a theme of this workspace's own: the plain one, with a branch."""
    theme = workspace.templates / "branching"
    theme.mkdir()
    for file in (workspace.templates / "plain").iterdir():
        text = file.read_text(encoding="utf-8")
        if file.name == "letter.mjml":
            text = text.replace("<h1>", f"{BRANCH}<h1>", 1)
        (theme / file.name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A workspace whose item was sent into a folder, and the room over the same files and the same ledger."""
    root = tmp_path_factory.mktemp("office")
    workspace = fill_workspace(root)
    workspace.settings_file.write_text(OFFICE, encoding="utf-8")
    branching(workspace)
    item = root / "content" / "optika.md"
    item.write_text(ITEM.replace("---\n", f"---\n{FRONT}", 1), encoding="utf-8")
    (root / "people.csv").write_text(PEOPLE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert main(["subscribers", "import", "people.csv", "--list", "press"]) == 0
        assert main(["send", "content/optika.md", "--yes", "--outbox", "out"]) == 0
    mails = [parsed(path.read_bytes()) for path in (root / "out").glob("*.eml")]
    engine = open_database(f"sqlite:///{workspace.var / 'newsletter.db'}")
    with reading(engine) as conn:
        words = {person.address: f"s{person.id}" for person in search_people(conn, "", list_name="press")}
        label = list_label(conn, "press")
    assert label
    premises = make_premises(workspace, engine, load_keys(workspace.key_file, {}))
    app = build_app(premises, token=TOKEN, hosts=[HOST])
    with TestClient(app, base_url=f"http://{HOST}/{TOKEN}/") as client:
        yield Office(client, desk_path(workspace, item), words, {mail["To"]: mail for mail in mails}, label)
    engine.dispose()


def without_tokens(text: str) -> str:
    """Return the text with each token replaced: in links (34 of base64url), in addresses (40 of base32)."""
    text = re.sub(r"(?<=/[uvp]/)[\w-]{34}(?![\w-])", "TOKEN", text)
    return re.sub(r"(?<=\+)[a-z2-7]{40}(?=@)", "TOKEN", text)


def headers_of(mail: Message) -> list[tuple[str, str]]:
    """Return the fields in their order, folds and all, with what every send makes anew masked."""
    masked = []
    for name, value in mail.items():
        told = without_tokens(str(value))
        if name in MASKED_FIELDS:
            told, times = re.subn(MASKED_FIELDS[name], "MASKED", told)
            assert times == 1, f"{name}: {value}"
        masked.append((name, told))
    return masked


def parts_of(mail: Message) -> dict[str, str]:
    """Return the text of each part by its type."""
    parts = {}
    for part in mail.walk():
        if not part.is_multipart():
            data = part.get_payload(decode=True)
            assert isinstance(data, bytes)
            parts[part.get_content_type()] = data.decode()
    return parts


ADDRESSES = ("anna@vestnik.example", "john@herald.example", "boris@delo.example")


def test_the_send_mailed_everybody_whom_the_room_knows(office: Office) -> None:
    assert set(office.outbox) == set(office.words) == set(ADDRESSES)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_header_is_the_one_that_was_sent(office: Office, address: str) -> None:
    shown, sent = headers_of(office.shown(address)), headers_of(office.outbox[address])
    assert shown == sent
    assert dict(sent)["List-ID"] == f"<{office.label}.zarechye.example>", "the list of the item's front matter"
    assert dict(sent)["Feedback-ID"] == f"MASKED:{office.label}:newsletter:zarechye"


@pytest.mark.parametrize("address", ADDRESSES)
def test_both_parts_are_the_ones_that_were_sent(office: Office, address: str) -> None:
    shown, sent = parts_of(office.shown(address)), parts_of(office.outbox[address])
    assert list(sent) == ["text/plain", "text/html"]
    for kind, text in sent.items():
        assert "news.zarechye.example/u/" in text, "nothing to compare: the mask is of no use"
        assert without_tokens(shown[kind]) == without_tokens(text)
        assert shown[kind] != text, "a trial's links must not unsubscribe anybody"


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_frame_shows_the_html_that_was_sent(office: Office, address: str) -> None:
    frame = office.frame(address)
    assert MARKS.search(frame)
    sent = parts_of(office.outbox[address])["text/html"].replace("\r\n", "\n")
    assert without_tokens(MARKS.sub("", frame)).rstrip() == without_tokens(sent).rstrip()


def test_each_person_is_shown_with_their_own_variant_and_name(office: Office) -> None:
    said = {address: parts_of(office.shown(address))["text/html"] for address in ADDRESSES}
    assert ["In English." in text for text in said.values()] == [False, True, False]
    assert "Анна Зимина" in said["anna@vestnik.example"]
    assert "&lt;ed&gt;" in said["john@herald.example"]
