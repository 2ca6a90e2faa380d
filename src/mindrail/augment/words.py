"""What the report says in words: the reasons for rejected views, and how to read the numbers."""

#: what each reason for a rejected view means
REASONS = {
    "unchanged": "nothing in the text could be reworded",
    "down": "the language model did not answer",
    "budget": "the allowance was spent",
    "refused": "the service refused to answer",
    "junk": "the answer did not follow the protocol",
    "timeout": "the answer took too long",
    "unparsable": "the answer was none of those that were asked for",
    "too_long": "the text does not fit the model",
    "near_copy": "nearly the same words as the text or as another view of it",
    "refusal": "the model declined instead of rewording",
    "language": "another language or script than the text",
    "length": "much shorter or longer than the text",
    "meaning": "too far from the text in meaning (sentence embedding)",
    "example_copy": "a piece of the example that the model was shown",
    "softened": "the judge saw danger in the text, but not in the view",
    "sharpened": "the judge saw danger in the view, but not in the text",
    "off_label": "the judge saw it on another side of danger than was asked for",
}

#: paragraphs at the end of the report
READING = (
    (
        "A view is another wording of a text. Semi-supervised training asks a model to give both the same answer, so "
        "a view that changed its meaning teaches something false."
    ),
    (
        "A judge that was trained on the same labels as the learner shares its mistakes: where both are wrong, both "
        "agree. Its verdict finds views that move a text across a line the learner already knows; it cannot certify "
        "the rest. A judge trained on other labels, or people reading a sample, tell more."
    ),
    (
        "Similarity comes from a general sentence embedding, which does not know what is dangerous: 'I would never' "
        "and 'I will' can lie close together."
    ),
    (
        "The test of style reads characters. A value near 1 is no error by itself, but it means that 'was reworded' "
        "is easy to see; if rewording also fails more often for one kind of text, a model can mix the two up."
    ),
)
