"""First names in the nominative: how a text's words are known for a person. Another name needs a role or the models."""

from __future__ import annotations

from typing import Literal

from newsletter.language.table import words

Gender = Literal["m", "f"]

_MEN = words("""
Александр Алексей Анатолий Андрей Антон Аркадий Арсений Артем Артём Артур Афанасий Богдан Борис Вадим Валентин Валерий
Василий Вениамин Виктор Виталий Владимир Владислав Всеволод Вячеслав Геннадий Георгий Герман Глеб Григорий Даниил
Данила Денис Дмитрий Евгений Егор Захар Иван Игнат Игорь Илья Иннокентий Иосиф Кирилл Клим Константин Лев Леонид Макар
Максим Марат Марк Матвей Михаил Назар Никита Николай Олег Павел Петр Пётр Платон Прохор Рамиль Ренат Ринат Родион
Роман Ростислав Руслан Рустам Савелий Святослав Семен Семён Сергей Станислав Степан Тарас Тимофей Тимур Тихон Федор
Фёдор Филипп Эдуард Эльдар Эмиль Юлиан Юрий Яков Ян Ярослав Джон Дэвид Майкл Питер Томас Роберт Джеймс Ричард Ахмед
Али Ильдар Айрат Азат Булат Радик Дамир Магомед Рашид Шамиль Ли Авдей Адам Азамат Айдар Алан Альберт Альфред Амир
Анвар Ануфрий Армен Арсен Арслан Артемий Асан Аслан Ашот Баир Батыр Бахтияр Бекзат Бронислав Вальтер Вахтанг Велимир
Викентий Влад Гарик Геворг Гурий Давид Дамиан Данил Даниэль Данияр Даурен Демид Демьян Добрыня Евсей Елисей Ерлан Ефим
Жан Заур Зураб Ильгиз Ильнур Ильшат Ильяс Ираклий Исмаил Казбек Карен Карл Ким Корней Кузьма Лаврентий Леон Леонтий
Лука Лукьян Мансур Мирон Митрофан Мурат Мухаммад Наиль Нариман Наум Нестор Никифор Николас Нурлан Олжас Орест Оскар
Остап Отто Пантелей Парамон Пьер Равиль Разиль Рамазан Рамзан Рамис Расул Рауф Рафаэль Рафик Рудольф Рушан Самвел
Санжар Саша Севастьян Серафим Султан Тагир Тамерлан Теймур Темирлан Тигран Ульян Умар Фарид Фархад Фердинанд Фрол
Хасан Хуан Эдгар Эльмир Эраст Эрик Эрнест Юлий Юсуф Ларс Ханс Йохан Марко Милош Мехмет Хосе Карлос Мигель Антонио
Джованни Франсуа Стефан Свен Бьорн Гюнтер Клаус Вольфганг Юрген Хироши Кенджи Радж Сундар Абдулла Ибрагим Мустафа Юсиф
Рамин Эмин Самир Вугар Бахром Фаррух Рустем Линар Марсель Искандер Нияз Ришат Пауль Вацлав Паоло Кваме Юхани Матти
Айсен Ганс Фриц Курт Рольф Жорж Поль Женя Миша Коля Петя Витя Паша Дима Вася Гриша Костя Юра Слава Стёпа Лёша Серёжа
Вова Толя
""")
_WOMEN = words("""
Агата Аделина Аза Алевтина Александра Алена Алёна Алина Алиса Алла Альбина Анастасия Ангелина Анжела Анна Антонина
Анфиса Валентина Валерия Варвара Василиса Вера Вероника Виктория Виолетта Галина Дарья Диана Дина Ева Евгения
Екатерина Елена Елизавета Жанна Зинаида Зоя Инга Инна Ирина Карина Каролина Кира Клавдия Ксения Лариса Лидия Лилия
Любовь Людмила Майя Маргарита Марина Мария Марьяна Милана Мила Надежда Наталия Наталья Нелли Ника Нина Нонна Оксана
Олеся Ольга Полина Раиса Регина Римма Роза Светлана Серафима Снежана София Софья Таисия Тамара Татьяна Ульяна Фаина
Эвелина Элина Эльвира Эльмира Эмма Юлия Яна Ярослава Гузель Лейла Айгуль Алсу Эмилия Джейн Сара Аглая Аида Айнур
Акулина Александрина Алия Альмира Амалия Амина Анисия Асель Асия Ася Белла Богдана Веста Виталина Влада Владислава
Галия Гульнара Гульназ Гульшат Дана Дарина Динара Диляра Евдокия Евфросинья Ефросинья Залина Заира Зара Зарина Земфира
Злата Зульфия Иветта Изабелла Изольда Илона Инесса Иоанна Ия Камилла Клара Кристина Лана Лейсан Лена Лиана Лика Лина
Лия Лола Луиза Мадина Малика Мальвина Марьям Марта Марфа Матильда Мелания Мирослава Мия Наиля Ната Нинель Октябрина
Пелагея Прасковья Рамиля Рената Розалия Роксана Руслана Русалина Рузиля Сабина Саида Светозара Симона Станислава
Стелла Стефания Сусанна Томила Фарида Фатима Фёкла Фрида Хадижа Чулпан Элеонора Элла Эльза Эсмеральда Юлиана Юлианна
Ядвига Ярина Анжелика Бэла Гаянэ Наринэ Ануш Мэри Анхела Кармен Варя Маша Даша Катя Оля Таня Ира Света Лиза Соня Поля
Настя Аня Юля Лера Вика Наташа Галя Надя Люба Люда Ксюша Тоня Зина Рита Арина Агния Катарина Сайыына Айталина
""")
LATIN_FIRST_NAMES = frozenset(
    words("""
Adam Alan Albert Alex Alexander Alice Amanda Amy Anders Andrea Andreas Andrew Angela Anita Ann Anna Anne Anthony
Antonio Barbara Ben Benjamin Bernd Bill Bob Brian Bruce Carl Carlos Carol Caroline Catherine Charles Chris Christian
Christine Christopher Claire Claudia Daniel David Deborah Dennis Diana Donald Douglas Edward Elena Elizabeth Emily
Emma Eric Erik Eva Fatima Francesco Frank Franz Fred Gary George Giovanni Grace Greg Hans Helen Henrik Henry Hiroshi
Ian Ingrid Irina Jack James Jan Jane Janet Jason Jean Jennifer Jessica Jim Joao Joe Johan Johann John Jonas Jose
Joseph Juan Julia Julie Jürgen Karen Karl Kate Katherine Keith Kenji Kevin Klaus Lars Laura Leo Linda Lisa Louis Lucas
Lucia Luis Luke Marco Margaret Maria Marie Mario Mark Markus Martin Mary Mateo Matthew Mehmet Melissa Michael Michel
Michelle Miguel Mike Mohamed Mohammed Monica Nancy Nicholas Nicolas Nicole Nina Olga Oliver Olivia Oscar Pablo
Patricia Patrick Paul Paula Peter Philip Pierre Rachel Rajesh Ralph Raymond Rebecca Richard Robert Roger Ronald Rosa
Roy Ruth Ryan Sam Samuel Sandra Sara Sarah Scott Sergio Sharon Simon Sofia Sophie Stefan Stephen Steve Steven Susan
Sven Thomas Tim Timothy Tom Tony Victor Victoria Viktor Vincent Walter Wei William Wolfgang Yuki Zoe
""")
)
FIRST_NAMES: dict[str, Gender] = {**dict.fromkeys(_MEN, "m"), **dict.fromkeys(_WOMEN, "f")}
