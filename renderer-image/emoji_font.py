"""Where does the font of emoji in colour come from? Out of a package that only builds install, held to its checksum.

Too large for the repository, it is put beside the code when the program is built, be it as a wheel or for a checkout
(``pip install -e``), and comes with every wheel.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHA256: Final = "9cb722075cfcb586eb943f3d865391d866919653251eef737cb1993d4f1a625b"
"""Of Noto Color Emoji 2.051 by Google (SIL Open Font License 1.1), without its table SVG, which nothing here draws."""
_PACKAGE, _FILE = "dynamic_font", "assets/fonts/NotoColorEmoji-Regular.ttf"
_PLACE = "renderer-image/cliptask_renderer/lettering/fonts/NotoColorEmoji.ttf"


class EmojiFont(BuildHookInterface[Any]):
    """Hatchling's hook for wheels."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  hatchling's signature
        """Put the font where the program looks for it. Raises ``RuntimeError`` where the one there is another."""
        content, place = font(), Path(self.root, _PLACE)
        if not place.is_file() or place.read_bytes() != content:
            partial = place.with_suffix(".partial")
            partial.write_bytes(content)
            partial.replace(place)


def font() -> bytes:
    """The font's file. Raises ``RuntimeError`` where its package brings another one, or is not there."""
    package = find_spec(_PACKAGE)  # which is never imported: it is wanted for its file alone
    folders = (package.submodule_search_locations or ()) if package else ()
    for file in (Path(folder, _FILE) for folder in folders):
        if file.is_file() and hashlib.sha256(content := file.read_bytes()).hexdigest() == SHA256:
            return content
    message = "the font of emoji is not that of dynamic-font 1.2.4: install what requirements-build.txt names, and build again"
    raise RuntimeError(message)
