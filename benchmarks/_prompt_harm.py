"""The data of the recipe prompt-harm-200: 200 labelled prompts, 4,108 unlabelled ones, 500 for dev."""

from mindrail.recipes.prepare import Prepare

DATA = Prepare(
    "prompt-harm",
    train=("guardreasoner-prompts-5k",),
    test=("wildguardtest-prompts",),
    exclude=("toxicchat-test",),
    allow_leaks=("train/dev",),
)
