"""How do the words of a caption file come into the cache? Once for each content, where renderers and captions read them."""

from __future__ import annotations

from cliptask.caption_file import words_key, words_of
from cliptask.facts import TimedWords
from cliptask.names import source_object, words_object
from cliptask_renderer.storage.base import Store


def keep_words(sha256: str, store: Store) -> None:
    """Store the words of a caption file that the store has, unless they are there. Blocks."""
    name = words_object(words_key(sha256))
    if store.stat(name) is None:
        words = TimedWords(words=words_of(store.read(source_object(sha256))))
        store.put_bytes(name, words.model_dump_json().encode())
