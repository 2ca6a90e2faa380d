"""Run in the environment of the NeMo example, `python railed.py CONFIG CHAT_URL GUARD_URL TEXT…`; prints JSON.

What is answered to each text, at once and streamed; and where the process tried to connect to.
"""

import asyncio
import json
import sys

reached: list[str] = []
sys.addaudithook(lambda event, given: reached.append(event) if event.startswith("socket.getaddr") else None)

from nemoguardrails import LLMRails, RailsConfig  # noqa: E402


async def said(rails, text):
    asked = [{"role": "user", "content": text}]
    whole = await rails.generate_async(messages=asked)
    return [whole["content"], "".join([chunk async for chunk in rails.stream_async(messages=asked)])]


async def main(rails, texts):
    return [await said(rails, text) for text in texts]


folder, chat, guard, *texts = sys.argv[1:]
config = RailsConfig.from_path(folder)
config.models[0].parameters["base_url"] = chat
for classifier in config.rails.config.hf_classifier.values():
    classifier.base_url = guard
print(json.dumps({"said": asyncio.run(main(LLMRails(config), texts)), "reached": reached}))
