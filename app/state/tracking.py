"""Parameters that mail, courses and searches add to links, and Streamlit's own: they are no settings of a page."""

from __future__ import annotations

import re

_FOREIGN = re.compile(
    r"""
    utm_\w+ | hsa_\w+ | mtm_\w+ | pk_\w+ | matomo_\w+ | vero_\w+ | oly_\w+_id  # campaigns
    | fbclid | gclid | gclsrc | gbraid | wbraid | dclid | msclkid | twclid | ttclid | li_fat_id | igshid | yclid
    | mc_[ce]id | _hs(enc|mi) | hsctatracking | mkt_tok | _ga | _gl | ref_src | ref_url | _openstat | srsltid
    | embed | embed_options  # Streamlit's
    """,
    re.VERBOSE | re.IGNORECASE,
)


def is_foreign(parameter: str) -> bool:
    """Whether a parameter of a link is not a page's, so that it is ignored without a message."""
    return _FOREIGN.fullmatch(parameter) is not None
