"""Verbs by which Russian press texts attribute words: «…», – сказала директор."""

from __future__ import annotations

import re

from newsletter.language.table import words

# Masculine past; feminine, plural and neuter are made from it.
_PAST = words("""
сказал рассказал добавил отметил сообщил подчеркнул заявил пояснил уточнил объяснил прокомментировал дополнил заключил
резюмировал напомнил продолжил подытожил констатировал ответил спросил предупредил пообещал указал написал заметил
признал посоветовал процитировал высказал акцентировал обратил посетовал пошутил возразил подтвердил поведал
предположил поблагодарил призвал пожелал воскликнул вспомнил перечислил описал отчитал поприветствовал поздравил
доложил проинформировал конкретизировал заверил парировал спрогнозировал подсказал обнадежил обнадёжил
""")
_PAST_REFLEXIVE = words("""
признался поделился согласился отозвался откликнулся высказался улыбнулся обратился похвалился
восхитился удивился обрадовался пожаловался возмутился усмехнулся
""")
# Third person, present: the plural has no pattern worth a rule and is rare in attributions.
_PRESENT = words("""
говорит рассказывает считает отмечает поясняет объясняет вспоминает уточняет добавляет подчеркивает подчёркивает
полагает обещает делится рассуждает признается признаётся улыбается смеется смеётся шутит продолжает замечает
резюмирует напоминает уверяет утверждает комментирует надеется советует предупреждает отвечает сообщает заявляет пишет
цитирует передает передаёт думает заключает заверяет восхищается удивляется радуется возражает размышляет вздыхает
парирует подтверждает сетует настаивает недоумевает подытоживает констатирует предполагает прогнозирует подсказывает
усмехается возмущается сокрушается
""")
_SHORT = words("""
уверен уверена убежден убеждена убеждён уверены убеждены
""")


def _past_forms(masculine: str) -> tuple[str, ...]:
    return masculine, masculine + "а", masculine + "и"


def _reflexive_forms(masculine: str) -> tuple[str, ...]:
    stem = masculine.removesuffix("ся")
    return masculine, stem + "ась", stem + "ись"


VERBS: frozenset[str] = frozenset(
    (
        *(form for verb in _PAST for form in _past_forms(verb)),
        *(form for verb in _PAST_REFLEXIVE for form in _reflexive_forms(verb)),
        *_PRESENT,
        *_SHORT,
    )
)

VERB = re.compile(r"\b(?:" + "|".join(sorted(VERBS, key=len, reverse=True)) + r")\b", re.IGNORECASE)

# Before a quote more verbs introduce its speaker; in an attribution after it, or in a headline, they are too common.
INTRODUCES = re.compile(
    VERB.pattern
    + r"|\b(?:поддерж(?:ивает|ал|ала)|вторит|соглас(?:ен|на)|призывает|довол(?:ен|ьна)|крат(?:ка|ок)|не\s+скрывает"
    r"|рада?|благодарит|поблагодарил[аи]?)\b",
    re.IGNORECASE,
)
