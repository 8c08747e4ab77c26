"""Formulas in TeX (`<math>`) as plain text: what a reader would type, not what a typesetter would."""

import re

from chronolect.corpus.sources.wikipedia.markers import protect

_SYMBOLS = """
alpha α|beta β|gamma γ|delta δ|epsilon ε|varepsilon ε|zeta ζ|eta η|theta θ|vartheta θ|iota ι|kappa κ|lambda λ|mu μ|nu ν|xi ξ|pi π|
rho ρ|sigma σ|tau τ|upsilon υ|phi φ|varphi φ|chi χ|psi ψ|omega ω|Gamma Γ|Delta Δ|Theta Θ|Lambda Λ|Xi Ξ|Pi Π|Sigma Σ|Phi Φ|Psi Ψ|
Omega Ω|times ×|cdot ·|div ÷|pm ±|mp ∓|leq ≤|le ≤|geq ≥|ge ≥|neq ≠|ne ≠|approx ≈|sim ~|thicksim ~|equiv ≡|cong ≅|propto ∝|infty ∞|
partial ∂|nabla ∇|int ∫|oint ∮|sum ∑|prod ∏|in ∈|notin ∉|ni ∋|subset ⊂|subseteq ⊆|supset ⊃|supseteq ⊇|cup ∪|cap ∩|emptyset ∅|
varnothing ∅|forall ∀|exists ∃|neg ¬|lnot ¬|land ∧|wedge ∧|lor ∨|vee ∨|to →|rightarrow →|leftarrow ←|leftrightarrow ↔|
Rightarrow ⇒|implies ⇒|Leftrightarrow ⇔|iff ⇔|mapsto ↦|ldots …|cdots …|dots …|dotsc …|dotsb …|vdots …|circ ∘|degree °|prime ′|oplus ⊕|
otimes ⊗|langle ⟨|rangle ⟩|lfloor ⌊|rfloor ⌋|lceil ⌈|rceil ⌉|mid ||parallel ∥|perp ⊥|angle ∠|hbar ħ|ell ℓ|aleph ℵ|Re Re|Im Im|
setminus ∖|star ⋆|ast *|bullet •|quad  |qquad  |sqrt √|N ℕ|Z ℤ|Q ℚ|R ℝ|C ℂ|ll ≪|gg ≫|vdash ⊢|models ⊨|top ⊤|bot ⊥|
sin sin|cos cos|tan tan|cot cot|log log|ln ln|exp exp|lim lim|max max|min min|sup sup|inf inf|det det|dim dim|ker ker|gcd gcd|
bar \u0304|overline \u0304|hat \u0302|tilde \u0303|vec \u20d7|dot \u0307|ddot \u0308|mod mod|bmod mod|deg deg|arg arg
"""
_TEXT = dict(entry.split(" ", 1) for entry in _SYMBOLS.replace("\n", "").replace("mid ||", "mid ∣|").split("|"))
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?|\\([^A-Za-z])")
_FRACTION = re.compile(r"\\[dtc]?frac *\{([^{}]*)\} *\{([^{}]*)\}")
_SIZE = re.compile(r"\\(?:left|right|[bB]igg?[lr]?)(?![A-Za-z]) *\.?")
_ACCENTS = "[\u0302-\u0304\u0307\u0308\u20d7]"
_ACCENT = re.compile(rf"({_ACCENTS}) *(?:\{{(\w)\}}|(\w))")
_LOOSE_ACCENT = re.compile(rf"(?<!\w){_ACCENTS}")
_ENVIRONMENT = re.compile(r"\\(?:begin|end) *\{[^{}]*\}(?:\{[lcr|]*\})?")
_POWER = re.compile(r"([_^]) *\{([^{}]*)\}")
_LONGEST = 4_000  # characters; what is longer is no formula that reads as text


def formula_text(tex: str) -> str:
    """TeX as text; "" for what would make no sense.

    >>> formula_text(r"x^{2} + \\frac{a}{2b} \\le \\alpha")
    'x^2 + a/(2b) ≤ α'
    """
    if len(tex) > _LONGEST:
        return ""
    tex = _ENVIRONMENT.sub(" ", _SIZE.sub("", tex))
    for _ in range(4):
        tex, changed = _FRACTION.subn(lambda m: f"{_operand(m[1])}/{_operand(m[2])}", tex)
        tex, powers = _POWER.subn(lambda m: m[1] + _operand(m[2]), tex)
        if not changed + powers:
            break
    tex = _COMMAND.sub(lambda m: _TEXT.get(m[1], "") if m[1] else _escaped(m[2]), tex)
    tex = _ACCENT.sub(lambda m: (m[2] or m[3]) + m[1], tex)
    tex = _LOOSE_ACCENT.sub("", tex)
    words = " ".join(tex.replace("{", "").replace("}", "").replace("&", " ").split())
    return protect(words.replace("( ", "(").replace(" )", ")"))


def _operand(part: str) -> str:
    """In parentheses where it is more than one name or number."""
    part = part.strip()
    return part if re.fullmatch(r"[\w.,'′]|\d+|\\[A-Za-z]+|[-+−]?\w", part) else f"({part})"


def _escaped(character: str) -> str:
    return {",": " ", ";": " ", ":": " ", "!": "", "\\": " ", "|": "∥", " ": " "}.get(character, character)
