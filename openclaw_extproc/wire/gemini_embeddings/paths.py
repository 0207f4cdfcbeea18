"""The paths of Gemini embeddings: each has the model, and says whether there is one text or several."""

from openclaw_extproc.wire.gemini import paths

ONE, SEVERAL = paths.EMBED, paths.EMBED_BATCH


def serves(path: str) -> bool:
    return paths.serves(path, (ONE, SEVERAL))


read, write = paths.read, paths.write


def body_name(model: str) -> str:
    """Returns the name of a model as a body has it."""
    return model if model.startswith("tunedModels/") else f"models/{model.removeprefix('models/')}"
