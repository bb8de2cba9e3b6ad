"""Which language does a tag name? BCP 47 tags, and the codes that providers and MP4 files have for them."""

from __future__ import annotations

import re
from typing import Final

TAG_PATTERN: Final = (
    r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3})){0,2}$"
)
"""A language, and where they matter its script, its region and up to two variants, in the case that RFC 5646 recommends."""

# Two letters of ISO 639-1 and three of ISO 639-2/T, as the Library of Congress lists them.
_CODES: Final[dict[str, str]] = dict(
    re.findall(
        r"(..)(...)\b",
        """
    aaaar ababk aeave afafr akaka amamh anarg arara asasm avava ayaym azaze babak bebel bgbul bhbih bibis bmbam bnben
    bobod brbre bsbos cacat ceche chcha cocos crcre csces cuchu cvchv cycym dadan dedeu dvdiv dzdzo eeewe elell eneng
    eoepo esspa etest eueus fafas ffful fifin fjfij fofao frfra fyfry gagle gdgla glglg gngrn guguj gvglv hahau heheb
    hihin hohmo hrhrv hthat huhun hyhye hzher iaina idind ieile igibo iiiii ikipk ioido isisl itita iuiku jajpn jvjav
    kakat kgkon kikik kjkua kkkaz klkal kmkhm knkan kokor krkau kskas kukur kvkom kwcor kykir lalat lbltz lglug lilim
    lnlin lolao ltlit lulub lvlav mgmlg mhmah mimri mkmkd mlmal mnmon mrmar msmsa mtmlt mymya nanau nbnob ndnde nenep
    ngndo nlnld nnnno nonor nrnbl nvnav nynya ococi ojoji omorm orori ososs papan pipli plpol pspus ptpor quque rmroh
    rnrun roron rurus rwkin sasan scsrd sdsnd sesme sgsag sisin skslk slslv smsmo snsna sosom sqsqi srsrp ssssw stsot
    susun svswe swswa tatam tetel tgtgk ththa titir tktuk tltgl tntsn toton trtur tstso tttat twtwi tytah uguig ukukr
    ururd uzuzb veven vivie vovol wawln wowol xhxho yiyid yoyor zazha zhzho zuzul
    """,
    )
)
_SHORT: Final = {three: two for two, three in _CODES.items()}


_MEANT: Final = {
    "jp": "ja", "cz": "cs", "ua": "uk", "gr": "el", "dk": "da", "cn": "zh", "br": "pt-BR", "mx": "es-MX", "us": "en-US",
    "gb": "en-GB", "at": "de-AT", "vn": "vi", "il": "he", "in": "hi", "ir": "fa", "iw": "he", "ji": "yi", "ph": "fil", "al": "sq",
    "by": "be", "ge": "ka", "am": "hy", "kz": "kk", "pk": "ur", "my": "ms", "rs": "sr", "no": "nb",
}  # fmt: skip
"""Countries, and codes that are no more, by which people mean a language."""


def primary(tag: str) -> str:
    """The language alone, which for most is ISO 639-1: ``pt`` of ``pt-BR``."""
    return tag.partition("-")[0]


def mp4_code(tag: str) -> str:
    """The three letters that MP4 has for a language: ISO 639-2/T, so ``ukr`` of ``uk``; ``und`` where it has none."""
    language = primary(tag)
    return language if len(language) == len("ukr") else _CODES.get(language, "und")


def canonical(tag: str) -> str | None:
    """What somebody may have meant by a tag in the form of RFC 5646: ``pt-BR`` for ``pt_br``, ``de`` for ``deu``.

    None where that is no tag either.
    """
    language, *rest = re.split(r"[-_]", tag.strip().lower())
    parts = [_SHORT.get(language, language)]
    for part in rest:
        letters = part.isalpha()
        parts.append(
            part.title()
            if letters and len(part) == len("Hans")
            else part.upper()
            if len(part) == len("BR")
            else part
        )
    meant = "-".join(parts)
    is_known = len(parts[0]) == len("ukr") or parts[0] in _CODES
    return meant if is_known and re.fullmatch(TAG_PATTERN, meant) else None


def meant(tag: str) -> str | None:
    """The tag that somebody means by one of a country, ``ja`` by ``jp``, ``en-GB`` by ``en-UK``; None for a right one.

    Empty where there is no such language, and nothing that is near.
    """
    language, *rest = tag.split("-")
    if "UK" in rest:
        return tag.replace("-UK", "-GB")
    if len(language) == len("uk") and language not in _CODES:
        return "-".join([_MEANT[language], *rest]) if language in _MEANT else ""
    return None
