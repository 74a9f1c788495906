"""Issues that break a layout if anything can: each thing too long, too many, or not there at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from newsletter.check import Checked, Report, run_checks
from newsletter.config import load_settings
from newsletter.content.item import (
    Figure,
    FigureGroup,
    Heading,
    Image,
    Link,
    ListBlock,
    NewsItem,
    Origin,
    Paragraph,
    Point,
    Quote,
    Region,
    Series,
    Span,
    Table,
    Text,
)
from newsletter.issue import ContentOptions, Issue
from newsletter.render.child import CompileRequest, CompileResult, compile_here
from newsletter.render.compile import Compilation, compile_issue
from newsletter.render.compiled import fill
from newsletter.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
THEMES = ("press", "plain")
SAMPLES = {"letter": "2026-11-zarechye-export.md", "digest": "2026-11-zarechye-digest"}  # of content/
HERE = Origin(path="content/x.md", line=1)
THERE = Origin(path="content/x.md", line=9)
VALUES = {
    "subscriber.name": "Анна",
    "subscriber.city": "",
    "links.unsubscribe": "https://news.example/u/" + "A" * 34,
    "links.view": "https://news.example/v/" + "A" * 34,
}
ENVIRON = {
    "NEWSLETTER_SENDER__FROM": "Пресс-служба <news@zarechye.example>",
    "NEWSLETTER_PUBLIC_URL": "https://news.zarechye.example",
    "NEWSLETTER_ARCHIVE_URL": "https://news.zarechye.example",
}
# Another office: other colours, a logo, long names, English.
SECOND_BRAND = {
    "NEWSLETTER_OFFICE__NAME": "Press Office of the Northern Transport and Logistics Development Corporation",
    "NEWSLETTER_OFFICE__ADDRESS": "Unit 4, Harbour Road, Northport",
    "NEWSLETTER_OFFICE__LANG": "en",
    "NEWSLETTER_BRAND__NAME": "Northern Transport and Logistics Development Corporation",
    "NEWSLETTER_BRAND__LOGO": "https://north.example/logo.png",
    "NEWSLETTER_BRAND__ACCENT": "#8a1c4a",
    "NEWSLETTER_BRAND__TINT": "#f7eff2",
    "NEWSLETTER_BRAND__WEB": "https://north.example",
    "NEWSLETTER_BRAND__TELEGRAM": "https://t.me/north_example",
}
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
LONG_URL = "https://zarechye.example/" + "a/very/long/path/" * 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    html: str
    text: str


def words(text: str) -> Text:
    return (Span(text=text),)


def figure(number: str, unit: str, measures: str) -> Figure:
    return Figure(
        text=f"{number} {unit}",
        kind="amount",
        value=Decimal(1),
        number=number,
        unit=unit,
        measures=measures,
        origin=THERE,
    )


LABEL = "очень длинное описание того, что измеряет показатель за 9 месяцев"
EIGHT = FigureGroup(
    figures=(
        figure("1 234 567,8", "млрд рублей", LABEL),
        figure("каждый сто двадцать восьмой резидент особой экономической зоны", "", "участвует"),
        *(figure(str(number), "единиц", f"показатель {number}") for number in range(6)),
    ),
    origin=HERE,
)
ALT = 'Линия сборки за\u00a0стеклом: цех\u00a0«Север», 60\u00a0% "готово"'
LETTER = NewsItem(
    title="Водородонефтегазоперерабатывающеепредприятие Зареченска",
    title_proposed=False,
    lead=words("Сверхдлинноесловокотороенигденепереноситсяиидётдалекозакрайэкрана и ещё несколько слов."),
    date=date(2026, 11, 23),
    source="пресс-служба",
    rubric="Внешнеэкономическая деятельность и международное сотрудничество",
    blocks=(
        Paragraph(
            text=(Span(text="Жирно", bold=True), Span(text=" и ссылка", href="https://zarechye.example/" + "a" * 90)),
            origin=HERE,
        ),
        Paragraph(text=words(f"{LONG_WORD} и {LONG_URL}"), origin=HERE),
        Quote(
            text=words("Предприятия научились получать сертификаты других стран. " * 16),
            speaker="Константин Константинопольский-Преображенский",
            role="первый заместитель руководителя департамента внешнеэкономической деятельности",
            origin=HERE,
        ),
        Heading(level=3, text=words("Что покупают"), origin=HERE),
        Heading(level=4, text=words(f"Подробнее: {LONG_WORD}"), origin=HERE),
        Table(
            header=tuple(words(f"Показатель {n}") for n in range(12)),
            rows=tuple(tuple(words(f"{(n + 1) * 1_234_567}") for n in range(12)) for _ in range(3)),
            origin=HERE,
        ),
        Table(
            header=(words("Год"), words("Контейнеров, тыс."), words("Рост"), words("Порт")),
            rows=(
                (words("2024"), words("198"), words("-"), words("Устье")),
                (words("2025"), words("236"), words("+19%"), words("Устье")),
            ),
            origin=HERE,
        ),
        Table(header=(), rows=((words("Слово"), words(LONG_WORD)), (words(LONG_WORD), words("2"))), origin=HERE),
        ListBlock(ordered=True, items=(words("раз"), words(LONG_WORD)), origin=HERE),
        Image(src="https://zarechye.example/line.jpg", alt=ALT, credit="пресс-служба", origin=HERE),
        Image(src="https://zarechye.example/small.jpg", alt="Значок", width=120, height=80, origin=HERE),
        Link(text="Открыть обзор экспорта", href="https://zarechye.example/export", origin=HERE),
        Link(text=f"Ещё одна ссылка: {LONG_WORD}", href="https://zarechye.example/more", origin=HERE),
    ),
    figures=(
        figure("1 234 567,8", "млрд рублей", LABEL),
        figure("412", "млн рублей", "экспорт"),
        replace(figure("1 из 100", "", "резиденту особой экономической зоны"), text="каждому сотому"),
    ),
    regions=(Region(name="Европа", places=(LONG_WORD, *(f"Страна {n}" for n in range(14)))),),
    series=Series(
        measures="экспорт",
        unit="млн рублей",
        points=(
            Point(label="2025", value=Decimal(217), text="≈ 217 млн рублей", derived=True),
            Point(label="2026", value=Decimal(412), text="412 млн рублей", derived=False),
        ),
    ),
    origin=HERE,
)
LONG_BARS = Series(
    measures="экспорт",
    unit="млн рублей",
    points=tuple(
        Point(label=f"январь–сентябрь {year} года", value=Decimal(year), text=text, derived="≈" in text)
        for year, text in ((2023, "≈ 1\u00a0234,5\u00a0млн\u00a0рублей"), (2024, "≈ 123 456 789,5 млн рублей"))
    ),
)
EIGHT_BARS = tuple(
    Point(label=f"{year} год", value=Decimal(year), text=f"{year * 1000},5 млн руб.", derived=False)
    for year in range(2017, 2025)
)
BARE = NewsItem(
    title="Коротко", title_proposed=False, lead=words("Одна строка."), date=None, source="", blocks=(), origin=HERE
)
EXTREMES = {
    "everything": LETTER,
    "eight figures": replace(LETTER, blocks=(EIGHT,), series=None, regions=()),
    "one figure": replace(BARE, figures=LETTER.figures[:1]),
    "long bars": replace(BARE, series=LONG_BARS),
    "eight bars": replace(BARE, series=replace(LONG_BARS, points=EIGHT_BARS)),
    "bare": BARE,
    "a title of 200 characters": replace(BARE, title=("Экспорт резидентов вырос в 1,9 раза за год. " * 5)[:200]),
}


def settings(**more: str) -> Settings:
    return load_settings(ROOT, ENVIRON | more)


def compiled(issue: Issue, used: Settings, folder: Path = TEMPLATES) -> Mail:
    variant = compile_issue(issue, settings=used, template_dirs=(folder,)).compiled.variants[""]
    return Mail(html=fill(variant.html, VALUES), text=fill(variant.text, VALUES))


def letter_of(item: NewsItem, *, theme: str = "press", lang: str = "ru") -> Issue:
    return Issue(
        key="k",
        items=(item,),
        title=item.title,
        title_proposed=False,
        subject=item.title,
        preheader="Строка после темы",
        preheader_proposed=False,
        lang=lang,
        date=item.date,
        template=theme,
    )


def digest_of(items: Sequence[NewsItem], *, theme: str = "press", lang: str = "ru") -> Issue:
    return replace(
        letter_of(items[0], theme=theme, lang=lang),
        kind="digest",
        items=tuple(items),
        title=f"Выпуск: {items[0].title}",
        intro=words("Слово редакции перед новостями."),
    )


def sample_letter(*, theme: str = "press") -> Mail:
    """Return the sample item's mail as a command would make it: with typography and facts found."""
    return _sample(SAMPLES["letter"], theme)


def sample_digest(*, theme: str = "press") -> Mail:
    return _sample(SAMPLES["digest"], theme)


def checked(issue: Issue, compilation: Compilation) -> Report:
    """Run the checks as `newsletter check` does."""
    variant = compilation.compiled.variants[""]
    return run_checks(
        Checked(
            kind=issue.kind,
            subject=issue.subject,
            preheader=issue.preheader,
            title=issue.title,
            title_proposed=issue.title_proposed,
            date=issue.date,
            waivers=issue.waivers,
            items=issue.items,
            intro=issue.intro,
            compiled=compilation.compiled,
            sample_html=fill(variant.html, VALUES),
            sample_text=fill(variant.text, VALUES),
            mjml_sources={f"templates/{name}": source for name, source in compilation.templates.items()},
            rendered_mjml=compilation.mjml,
        )
    )


def compiled_sample(name: str, theme: str) -> CompileResult:
    """Compile a file or folder of content/ as a command would."""
    return compile_here(
        CompileRequest(
            root=ROOT,
            items=(ROOT / "content" / name,),
            options=ContentOptions(template=theme),
            settings=settings(),
            template_dirs=(TEMPLATES,),
        )
    )


def _sample(name: str, theme: str) -> Mail:
    variant = compiled_sample(name, theme).compilation.compiled.variants[""]
    return Mail(html=fill(variant.html, VALUES), text=fill(variant.text, VALUES))


def linked(item: NewsItem) -> NewsItem:
    return replace(item, link="https://zarechye.example/news")


def extreme_digest(*, theme: str = "press") -> Issue:
    """Every extreme twice: in brief with a link, whole without one."""
    items = [shown for item in EXTREMES.values() for shown in (linked(item), item)]
    return digest_of(items, theme=theme)
