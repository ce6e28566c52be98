"""Locales and time zones that a spreadsheet can have, and how numbers and dates are written in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

_LOCALES = """
ar_EG az_AZ be_BY bg_BG bn_IN ca_ES cs_CZ cy_GB da_DK de_AT de_CH de_DE el_GR en_AU en_CA en_GB en_IE en_IN en_NZ en_SG
en_US en_ZA es_AR es_BO es_CL es_CO es_EC es_ES es_MX es_PY es_UY es_VE et_EE eu_ES fa_IR fi_FI fil_PH fr_BE fr_CA fr_CH
fr_FR gl_ES gu_IN hi_IN hr_HR hu_HU hy_AM in_ID it_CH it_IT iw_IL ja_JP ka_GE kk_KZ kn_IN ko_KR lo_LA lt_LT lv_LV ml_IN
mn_MN mr_IN my_MM nb_NO nl_BE nl_NL nn_NO no_NO pa_IN pl_PL pt_BR pt_PT ro_RO ru_RU sk_SK sl_SI sr_RS sv_SE ta_IN te_IN
th_TH tr_TR uk_UA ur_PK uz_UZ vi_VN zh_CN zh_HK zh_TW
"""
_WITH_COMMA = (
    "az be bg ca cs da de el es et eu fi fr gl hr hu hy in it ka kk lt lv nb nl nn no pl pt ro ru sk sl sr sv tr"
)
_WITH_SPACE = "be bg cs et fi fr hu hy ka kk lt lv nb nn no pl pt_PT ru sk sv uk uz"
_WITH_EURO = "AT BE DE EE ES FI FR GR HR IE IT LT LV NL PT SI SK"
LOCALES = set(_LOCALES.split())
LANGUAGES = {locale.partition("_")[0] for locale in LOCALES}
CUSTOM_ZONE = re.compile(r"GMT[+-]\d\d:\d\d\Z")

MONTHS_FIRST = {"en_US", "en", "fil_PH"}
YEAR_FIRST_LANGUAGES = {"ja", "ko", "zh", "hu", "lt", "sv", "mn"}
COMMA_LANGUAGES = set(_WITH_COMMA.split()) | {"uk", "uz", "vi"}
POINT_LOCALES = {"de_CH", "it_CH", "es_MX"}
SPACE_LANGUAGES = set(_WITH_SPACE.split())
CURRENCIES = {
    "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "RUB": "₽", "TRY": "₺", "UAH": "₴",
    "PLN": "zł", "CZK": "Kč", "BRL": "R$", "CHF": "CHF",
}  # fmt: skip
OWN_CURRENCY = {
    "US": "USD", "GB": "GBP", "JP": "JPY", "CN": "JPY", "IN": "INR", "KR": "KRW", "RU": "RUB", "TR": "TRY", "UA": "UAH",
    "PL": "PLN", "CZ": "CZK", "BR": "BRL", "CH": "CHF",
}  # fmt: skip
EURO_COUNTRIES = set(_WITH_EURO.split())


@dataclass(frozen=True, slots=True)
class Writing:
    """How a locale writes: the decimal point, what groups thousands, the order of dates, the sign of money."""

    point: str
    group: str
    date_order: str
    date_pattern: str
    currency: str


ENGLISH = Writing(".", ",", "mdy", "M/d/yyyy", "$")
_MONTH_NAMES = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}
_DAY_NAMES = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "nl": "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "pt": "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
}
_TRUTHS = {
    "de": ("WAHR", "FALSCH"),
    "fr": ("VRAI", "FAUX"),
    "es": ("VERDADERO", "FALSO"),
    "it": ("VERO", "FALSO"),
    "nl": ("WAAR", "ONWAAR"),
    "pt": ("VERDADEIRO", "FALSO"),
}


@cache
def month_names(language: str) -> list[str]:
    """Return the twelve months; in English for languages that are not known here."""
    return _MONTH_NAMES.get(language, _MONTH_NAMES["en"]).split()


@cache
def day_names(language: str) -> list[str]:
    """Return the seven days from Monday on; in English for languages that are not known here."""
    return _DAY_NAMES.get(language, _DAY_NAMES["en"]).split()


def truth_words(locale: str) -> tuple[str, str]:
    """Return the words for true and false."""
    return _TRUTHS.get(locale.partition("_")[0], ("TRUE", "FALSE"))


def is_locale(text: str) -> bool:
    """Tell whether a spreadsheet can have this locale: a language, or a language with a country."""
    return text in LOCALES or text in LANGUAGES


def is_zone(text: str) -> bool:
    """Tell whether a spreadsheet can have this time zone."""
    return bool(CUSTOM_ZONE.match(text)) or text in _zones()


@cache
def _zones() -> set[str]:
    return available_timezones()


@cache
def writing_of(locale: str) -> Writing:
    """Return how a locale writes."""
    language, _, country = locale.partition("_")
    comma = language in COMMA_LANGUAGES and locale not in POINT_LOCALES
    group = "," if not comma else ("\u00a0" if language in SPACE_LANGUAGES or locale in SPACE_LANGUAGES else ".")
    if locale == "de_CH":
        group = "’"
    order, pattern = "dmy", "dd/MM/yyyy"
    if locale in MONTHS_FIRST:
        order, pattern = "mdy", "M/d/yyyy"
    elif language in YEAR_FIRST_LANGUAGES:
        order, pattern = "ymd", "yyyy-MM-dd" if language in {"sv", "lt"} else "yyyy/MM/dd"
    elif language in {"de", "pl", "cs", "sk", "ru", "uk", "fi", "nb", "nn", "no", "tr", "da", "ro", "bg", "hr", "sl"}:
        pattern = "dd.MM.yyyy"
    elif locale == "nl_NL":
        pattern = "dd-MM-yyyy"
    own = "EUR" if country in EURO_COUNTRIES or (not country and comma) else OWN_CURRENCY.get(country, "USD")
    return Writing("," if comma else ".", group, order, pattern, CURRENCIES[own])
