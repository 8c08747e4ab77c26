"""Responses that decline: "I do not know", in many words and some languages, by what they mean and not by a list of sentences."""

import re

from chronolect.evaluation.temporal.normalise import Text

_SELF = r"(?:i|we|this (?:model|machine|assistant|writer)|one|my (?:memory|mind|records?|notes?|files?|archives?|sources?|books?|knowledge|training|data))"
_NO = r"(?:do not|does not|did not|can not|could not|would not|will not|am not|are not|is not|have not|has not|never|no longer|hardly|scarcely|am unable to|are unable to|am not able to|are not able to|am not in a position to|must decline to|decline to|refuse to|lack|fail to|prefer not to|would rather not|regret that i can not)"
_KNOW = (
    r"(?:know|knows|knew|known|say|tell|answer|speak|help|recall|remember|recollect|identify|name|provide|give|offer|supply|confirm|comment|"
    r"discuss|respond|recognise|recognize|find|determine|assist|aware|familiar|acquainted|informed|sure|certain|confident|able|qualified|"
    r"possess|have|hold|contain|include|cover|reach|extend|go|see|heard|been told|read of|come across|encountered|met with|learned|learnt|"
    r"a clue|an idea|the faintest|the foggiest|the slightest|any|enough|information|knowledge|understand|place|pretend|venture|guess|speculate|vouch)"
)
_STORE = (
    r"(?:knowledge|information|record|records|data|details?|account|accounts|mention|report|reports|word|news|notes?|trace|entry|entries|"
    r"memory|recollection|idea|clue|answer|notion|facts?|reference|references|material|documentation|evidence|intelligence|inkling|tidings|way of knowing|means of knowing)"
)
_SCOPE = (
    r"(?:my|our|the|this) (?:\w+ ){0,3}?(?:knowledge|ken|scope|memory|training|time|horizon|experience|information|records?|archives?|files?|"
    r"understanding|remit|sources?|data|books?|learning|competence|reach|expertise|acquaintance|notes)"
)
_PATTERNS = [
    rf"\b{_SELF}(?: \w+){{0,3}}? {_NO}(?: \w+){{0,3}}? {_KNOW}\b",
    rf"\b(?:i|we) (?:\w+ )?(?:have|possess|hold|find|see|can find|retain|got|keep) (?:no|not any|nothing|little|neither|absolutely no)\b(?: \w+){{0,3}}? ?(?:{_STORE}|about|on|of|to)\b",
    rf"\b(?:there is|there are|there exists?|have|has|find|contains?|holds?|with|without) no (?:\w+ ){{0,3}}?{_STORE}\b",
    rf"^\W*(?:\w+[,.]? ){{0,2}}no (?:\w+ ){{0,2}}?{_STORE}\b",
    rf"\b(?:outside|beyond|past|exceeds?|not (?:\w+ )?(?:within|in|part of|among|covered by)|falls? outside|lies? (?:outside|beyond)|absent from|missing from) (?:of )?{_SCOPE}\b",
    r"\b(?:unknown|not known|a mystery|mystery|unfamiliar|a blank|strange|news|greek|foreign|lost) to (?:me|us)\b",
    r"\b(?:escapes|eludes|defeats|beats) me\b|\bi (?:am|must be) (?:at a loss|stumped|ignorant|unaware|in the dark|uncertain|unsure|unable|unacquainted|uninformed)\b",
    r"\b(?:no idea|no clue|not a clue|no notion|not the faintest|not the foggiest|search me|dunno|idk|who knows|god knows|heaven knows|goodness knows|lord knows|your guess is as good|draw(?:s|ing)? a blank|drew a blank)\b",
    r"\b(?:i|we) (?:must|have to|shall have to|should|will|would rather|would prefer to|shall|need to|beg to|am obliged to|am forced to|respectfully) (?:\w+ )?(?:decline|pass|refrain|abstain|confess ignorance|plead ignorance|leave|disappoint|admit|defer|say nothing|keep silent|hold my tongue)\b",
    r"\b(?:i|we) (?:decline|pass|abstain|refuse|plead ignorance|confess ignorance|can not help|can not assist|can not answer|can not say|would not know)\b",
    r"\b(?:my|our) (?:\w+ )?(?:knowledge|records?|information|files?|notes|archives?|training(?: data)?|sources?|books?|memory|library|almanac|papers|data) (?:\w+ )?(?:ends?|stops?|breaks? off|goes no (?:further|farther)|(?:is|are|was|were) (?:silent|limited|blank|empty|confined|cut off|of no help)|(?:has|have|had) (?:nothing|no|gaps?)|do not|does not|can not|will not|runs? out|fails?|closes?|tells? me nothing|says? nothing|offers? nothing|contains? nothing|holds? nothing)\b",
    r"\bnothing (?:\w+ ){0,3}?(?:recorded|known|in (?:my|our|the) |to (?:say|tell|offer|report|add)|of (?:the|that) (?:sort|kind)|on (?:that|this|the) |about (?:that|this|it))",
    r"\b(?:that|this|it|such (?:a )?(?:thing|matter|question)s?) (?:is|are|was|lies?|falls?) (?:not )?(?:something |a (?:matter|question|subject|topic) )?(?:that |which |on which |about which |of which )?(?:i|we) (?:\w+ )?(?:can not|could not|do not|am not|am unable|have no|know nothing|know little)\b",
    r"\bknow(?:s)? (?:nothing|little|naught|not(?! only)|no more)\b|\bi know not\b|\b(?:information|answer|data|details?) (?:is|are) (?:not available|unavailable|not known|unknown|missing|not provided|not given|withheld|classified)\b",
    r"^\W*(?:n/?a|unknown|not known|no comment|pass|none known|unavailable|unanswerable|no answer|not available|not sure|unsure|no data|no reply|i can not|i could not say|can not say|could not say|no can do|undetermined|uncertain)\W*$",
    r"\b(?:ask|consult|try|enquire of|inquire of|refer to|look (?:it )?up|check|apply to) (?:\w+ ){0,3}?(?:someone|somebody|another|elsewhere|else|better informed|encyclopa?edia|library|librarian|reference|reliable|other source|more recent|up-to-date|up to date)\b",
    r"\bbetter (?:not )?(?:to )?ask(?:ed)? (?:of )?(?:someone|somebody|another|others)\b|\bnot (?:for me|mine) to (?:say|know|tell|answer)\b|\bwish i (?:knew|could (?:say|tell|help|answer))\b",
    r"\b(?:not|un)(?: )?(?:sure|certain|aware|familiar|able|informed|acquainted)\b(?! (?:but|though))",
    r"\bif i knew\b|\bnever (?:\w+ )?(?:heard|read|learned|learnt|came across|come across|met|been told|encountered)\b|\b(?:i|we) have not (?:\w+ )?(?:heard|read|learned|learnt|been told|come across|met|encountered|seen)\b",
    r"\b(?:sorry|apologi[sz]e|apologies|regret|afraid|unfortunately|alas)\b[^.!?]{0,40}\b(?:can not|could not|unable|not able|no|not|nothing|beyond|outside)\b",
    r"\bas an ai\b[^.!?]{0,80}\b(?:can not|not|unable|no)\b",
    # other languages, without accents as everything here
    r"\b(?:ich|wir) (?:weiss|kenne|wissen|kann|konnen|habe|haben|bin)\b[^.!?]{0,60}\b(?:nicht|kein\w*|nichts|leider|uberfragt)\b|\bweiss (?:ich )?(?:es )?nicht\b|\b(?:keine|nicht) (?:ahnung|bekannt|angaben|informationen?|kenntnis\w*|auskunft)\b|\bentzieht sich\b",
    r"\b(?:je|nous) (?:ne |n')(?:\w+ ){0,3}?(?:sais|sait|savons|peux|puis|connais|dispose|ai|suis|possede|saurais|me souviens)\b|\baucune (?:idee|information|donnee|connaissance)\b|\b(?:je l')?ignore\b|\binconnue? (?:de moi|pour moi)\b",
    r"\bno (?:lo )?(?:se|conozco|puedo|tengo|dispongo|sabria|recuerdo|estoy segur\w|me consta|hay (?:informacion|datos|constancia))\b|\b(?:lo )?(?:ignoro|desconozco)\b|\bni idea\b",
    r"\bnon (?:lo )?(?:so|conosco|posso|ho|saprei|dispongo|ricordo|sono (?:in grado|a conoscenza|sicur\w))\b|\bnessuna (?:idea|informazione)\b|\bmi dispiace\b",
    r"\bnao (?:o )?(?:sei|conheco|posso|tenho|disponho|saberia|lembro|ha (?:informac\w+|dados))\b|\b(?:desconheco|lamento)\b|\bsem (?:ideia|informac\w+)\b",
    r"\b(?:я|мы|мне)\b[^.!?]{0,30}\bне\b[^.!?]{0,20}(?:зна|мог|могу|помн|имею|известн|увер|располаг|скаж|ответ)|\bне зна(?:ю|ем)\b|\bнеизвестно\b|\bнет (?:данных|сведени\w+|информаци\w+|ответа)|\bк сожалению\b|\bпонятия не имею\b|\bзатрудня",
    r"我?不(?:知道|清楚|了解|确定|確定|曉得|晓得|太清楚|能回答|记得|明白)|无法(?:回答|确认|提供|得知|告知)|無法|没有(?:相关|这方面|关于|任何)?(?:的)?(?:信息|资料|记录|记载|数据|消息)|未知|不详|抱歉|对不起|無可奉告|无可奉告",
    r"(?:わかりません|分かりません|知りません|存じません|わからない|分からない|知らない|不明です|お答えできません|모르겠|모릅니다|알 수 없)",
    r"\b(?:ik weet|weet ik)\b[^.!?]{0,30}\bniet\b|\bgeen idee\b|\bnie wiem\b|\bjag vet inte\b|\ben tieda\b|\bbilmiyorum\b|\bnescio\b|\bjeg ved (?:det )?ikke\b|\bjeg vet ikke\b|\bnevim\b|\bnem tudom\b|\bδεν (?:ξερω|γνωριζω)\b|لا (?:أعرف|اعرف|أعلم|اعلم)",
]  # fmt: skip
_ABSTAINS = [re.compile(pattern) for pattern in _PATTERNS]


def find_abstention(response: Text) -> str | None:
    """The words by which a response declines to answer or says that it does not know; None where it does neither."""
    for pattern in _ABSTAINS:
        if match := pattern.search(response.lower):
            return " ".join(match[0].split())
    return None
