"""How a page carries its style and script."""

from __future__ import annotations

import base64
import hashlib

from cliptask_operator.pages.inline import SHARED, script, style


def test_a_script_is_one_function_of_its_files() -> None:
    """Else the parts would not see each other, or leave names behind in the page."""
    made = script((SHARED, "elements.js"), (SHARED, "kept.js"))

    assert made.text.startswith('"use strict";\n(() => {\n')
    assert made.text.index("const byId") < made.text.index("function kept(") < made.text.index("})();")


def test_the_hash_is_that_of_the_bytes_in_the_page() -> None:
    """Else the browser would refuse to run it."""
    made = style((SHARED, "keys.css"))

    assert made.hash == "sha256-" + base64.b64encode(hashlib.sha256(made.text.encode()).digest()).decode()
