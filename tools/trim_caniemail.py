"""Writes newsletter/check/data/caniemail.json: what each mail program makes of each HTML and CSS feature.

The data are those of Can I email, as the npm package `caniemail` carries them (both MIT; see
newsletter/check/data/caniemail.NOTICE). Kept are the clients below, each in its newest version, and the notes to it.

    npm pack caniemail@2.0.2
    python tools/trim_caniemail.py caniemail-2.0.2.tgz > newsletter/check/data/caniemail.json
"""

from __future__ import annotations

import json
import re
import sys
import tarfile

# Family.platform in the data, and its name for a person. Yandex is not in the data at all; of Mail.ru only the web.
CLIENTS = {
    "outlook.windows": "Outlook on Windows",
    "outlook.outlook-com": "Outlook.com",
    "outlook.macos": "Outlook on macOS",
    "outlook.ios": "Outlook on iOS",
    "outlook.android": "Outlook on Android",
    "gmail.desktop-webmail": "Gmail",
    "gmail.ios": "Gmail on iOS",
    "gmail.android": "Gmail on Android",
    "mail-ru.desktop-webmail": "Mail.ru",
    "yahoo.desktop-webmail": "Yahoo! Mail",
    "apple-mail.macos": "Apple Mail on macOS",
    "apple-mail.ios": "Apple Mail on iOS",
    "samsung-email.android": "Samsung Email",
    "thunderbird.macos": "Thunderbird",
}


def main() -> None:
    with tarfile.open(sys.argv[1]) as archive:
        data = _json_of(archive, "package/data/caniemail.json")
        version = _json_of(archive, "package/package.json")["version"]
    features = dict(sorted(trimmed(feature) for feature in data["data"]))
    lines = [f"    {json.dumps(slug)}: {json.dumps(facts, ensure_ascii=False)}" for slug, facts in features.items()]
    head = {"package": f"caniemail {version}", "updated": data["last_update_date"][:10], "clients": CLIENTS}
    opening = json.dumps(head, ensure_ascii=False, indent=2).removesuffix("\n}")
    sys.stdout.write(f'{opening},\n  "features": {{\n' + ",\n".join(lines) + "\n  }\n}\n")


def trimmed(feature: dict) -> tuple[str, dict]:
    support = {}
    for client in CLIENTS:
        family, _, platform = client.partition(".")
        versions = feature["stats"].get(family, {}).get(platform) or {}
        if versions:
            support[client] = list(versions.values())[-1]  # oldest first
    named = {number for answer in support.values() for number in re.findall(r"#(\d+)", answer)}
    notes = feature["notes_by_num"] or {}
    kept = {number: notes[number] for number in sorted(named, key=int) if number in notes}
    return feature["slug"], {"title": feature["title"].strip(), "support": support, "notes": kept}


def _json_of(archive: tarfile.TarFile, name: str) -> dict:
    member = archive.extractfile(name)
    if member is None:
        raise SystemExit(f"{sys.argv[1]} holds no {name}")
    return json.load(member)


if __name__ == "__main__":
    main()
