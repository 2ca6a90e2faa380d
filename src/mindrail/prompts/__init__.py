"""What is asked of a language model that judges: questions made from a taxonomy, and answers made into scores."""

from mindrail.prompts.question import Form, Question, Shot
from mindrail.prompts.words import Wording

__all__ = ["Form", "Question", "Shot", "Wording"]
