"""The glossary: what this application's words mean, and the links to it in texts that use them.

linked("The slow weights wait.")    ->  "The [slow weights](#term-slow-weights) wait."
"""

from app.state.glossary.links import ALL, anchor, linked
from app.state.glossary.terms import Term, meaning, terms

__all__ = ["ALL", "Term", "anchor", "linked", "meaning", "terms"]
