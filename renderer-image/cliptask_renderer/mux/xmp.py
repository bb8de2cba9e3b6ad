"""What do a video's metadata say of where it comes from? XMP in a box of its own (Adobe's XMP specification, parts 1 and 3)."""

from __future__ import annotations

import re
from typing import get_args

from cliptask.errors import MediaError
from cliptask.orders import SOURCE_TYPES, SourceType
from cliptask_renderer.mux.boxes import box, children

_KIND = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""Of the boxes with an extended kind, those with XMP."""
_PACKET = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
<xmp:CreatorTool>ClipTask</xmp:CreatorTool>
<Iptc4xmpExt:DigitalSourceType>{}</Iptc4xmpExt:DigitalSourceType>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
"""Without a version of the program, which would make other bytes of the same order."""
_TOLD = re.compile(rb"<Iptc4xmpExt:DigitalSourceType>([^<]*)</Iptc4xmpExt:DigitalSourceType>")


def xmp_box(source_type: SourceType) -> bytes:
    """The box that says what kind of source a video has."""
    return box(b"uuid", _KIND, _PACKET.format(f"{SOURCE_TYPES}{source_type}").encode())


def source_type_in(head: bytes, what: str) -> SourceType | None:
    """What the XMP of a header says; None where it has none. Raises ``MediaError`` where it says anything else."""
    packets = [content for kind, content in children(head) if kind == b"uuid" and content.startswith(_KIND)]
    told = [each for packet in packets for each in _TOLD.findall(packet)]
    known: dict[bytes, SourceType] = {f"{SOURCE_TYPES}{each}".encode(): each for each in get_args(SourceType)}
    if not packets:
        return None
    if len(packets) > 1 or len(told) != 1 or told[0] not in known:
        message = f"{what} has metadata that do not say one known source type, but {told}"
        raise MediaError(message)
    return known[told[0]]
