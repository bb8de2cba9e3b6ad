"""Is there room for it on this machine? The disks of output, cache and scratch, beside what a campaign needs."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from cliptask.facts import SourceFacts
from cliptask_operator.campaign.effort import Disk, Effort, Reckoning
from cliptask_operator.campaign.inputs import ResolvedInputs
from cliptask_operator.campaign.inventory import Inventory, Missing
from cliptask_operator.campaign.stores import Stores
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.disk_errors import existing, free_bytes

_BYTES_PER_CHARACTER = 3_000
"""Of speech, as espeak-ng's WAV has it; ElevenLabs' MP3 takes a third."""


@dataclass(frozen=True)
class Room:
    """Where a campaign is made, and by how many processes."""

    stores: Stores
    workers: int
    scratch: Path | None = None
    """As for ``open_store``."""
    sources: Mapping[str, int] = field(default_factory=dict)
    """Bytes of each source, by its SHA-256."""
    characters: int = 0
    """Of speech that is still to be spoken."""

    @classmethod
    def of(cls, stores: Stores, workers: int, scratch: Path | None, inputs: ResolvedInputs) -> Room:
        """For a campaign of these inputs."""
        facts = [each for each in inputs.sources.values() if isinstance(each, SourceFacts)]
        unspoken = inputs.characters - inputs.characters_spoken
        return cls(stores, workers, scratch, {each.sha256: each.size_bytes for each in facts}, unspoken)

    def effort(self, missing: Missing, there: Inventory) -> Effort:
        """What it takes to make all that is missing. Looks at the disks."""
        output, cache = _folder(self.stores.output), _folder(self.stores.cache)
        scratch = self.scratch or cache or Path(tempfile.gettempdir())
        is_apart = cache is None or output is None or _device(scratch) != _device(cache)
        copies = self.sources if cache is None else {}
        spoken = self.characters * _BYTES_PER_CHARACTER
        needs = Reckoning(missing, there.past, self.workers, spoken, copies, is_apart).needs
        needed: dict[int, int] = defaultdict(int)
        folders: dict[int, Path] = {}
        places = ((output, needs.output_bytes), (cache, needs.cache_bytes), (scratch, needs.scratch_bytes))
        for folder, size_bytes in places:
            if folder is not None:
                needed[_device(folder)] += size_bytes
                folders.setdefault(_device(folder), folder)
        return Effort(
            needs,
            tuple(
                Disk(str(folder), size_bytes, int(size_bytes * needs.least), free_bytes(folder))
                for device, folder in folders.items()
                if (size_bytes := needed[device])
            ),
        )


def _folder(store: Store) -> Path | None:
    """A folder store's; None of a bucket."""
    parts = urlsplit(store.uri)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


def _device(folder: Path) -> int:
    return existing(folder).stat().st_dev
