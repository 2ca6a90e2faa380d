"""Language models through one small interface: any OpenAI-compatible server, with budget, retries and cache."""

from mindrail.llm.chat import Chat, Failure, Message, Reply, Request

__all__ = ["Chat", "Failure", "Message", "Reply", "Request"]
