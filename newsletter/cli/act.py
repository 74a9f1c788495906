"""The act of destruction of personal data that a Russian office files after `subscribers forget`.

Order No. 179 of Roskomnadzor (28.10.2022) names what it must hold: operator, person, what was destroyed and how,
where, why, when, who signs; the second part stands for the extract of the system's journal.
"""

from __future__ import annotations

from datetime import datetime

from newsletter.config import Office
from newsletter.language.calendar import long_date
from newsletter.store.erasure import Erasure

_BLANK = "________________________"


def build_act(erasure: Erasure, *, address: str, office: Office, at: datetime) -> str:
    """Return the act as plain Russian text; `at` is the erasure's time in the office's zone."""
    lists = ", ".join(f"«{name}»" for name in erasure.lists) or "нет"
    lines = [
        "АКТ",
        "об уничтожении персональных данных",
        "",
        f"Дата: {long_date(at.date(), 'ru')}",
        f"Оператор: {office.name or _BLANK}",
        f"Адрес оператора: {office.address or _BLANK}",
        f"Субъект персональных данных (адрес электронной почты): {address}",
        "Категории данных: адрес электронной почты, сведения подписчика, подписки, сведения об отправленных письмах",
        "Информационная система: newsletter (база подписчиков и журнал рассылки)",
        f"Причина: {_BLANK}",
        "Способ: удаление записей и затирание значений в базе данных средствами программы",
        "",
        "Выгрузка из журнала",
        f"Время: {at:%d.%m.%Y %H:%M:%S %z}",
        f"Записей подписчика удалено: {erasure.subscribers} (сведений кроме адреса: {erasure.fields})",
        f"Подписок удалено: {len(erasure.lists)} (списки: {lists})",
        f"Записей об отправке обезличено: {erasure.deliveries}; событий: {erasure.events}",
        "Сохранён ключевой хеш адреса: только для того, чтобы адрес не попал в рассылку снова",
    ]
    if erasure.waiting:
        lines.append(f"Остались до завершения рассылки: {erasure.waiting} (повторите команду после неё)")
    lines += [
        "",
        "Вне этой базы (проверить отдельно): файлы списков, отчёты импорта, выгрузки, резервные копии",
        "",
        f"Уничтожение произвёл: {_BLANK} / {_BLANK}",
    ]
    return "\n".join(lines)
