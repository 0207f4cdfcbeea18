"""A system message amid the conversation, for formats whose messages are the user's and the model's only.

It stays where it is: moved to the front it would change the beginning of every later request, of which a provider then
has nothing in its cache. The words around it are those by which Claude Code marks what is not the user's own.
"""

from openclaw_extproc.model.chat import Instruction, Text


def as_text(instruction: Instruction) -> Text:
    return Text(mark_instruction(instruction.text))


def mark_instruction(text: str) -> str:
    return f"<system-reminder>\n{text}\n</system-reminder>"
