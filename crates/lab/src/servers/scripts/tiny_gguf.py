"""Writes a model for llama.cpp: the architecture of Llama, two small layers, random weights, half a megabyte.
Argument: the file."""

import sys

import gguf
import numpy

WIDTH, HEADS, LAYERS, INNER, CONTEXT = 64, 4, 2, 128, 8192
WORDS = """otters eat fish and sleep afloat good morning the weather is fine as they say count slowly to twelve one two
three four five six seven eight nine ten eleven rain in Bergen Oslo city degrees what do I need an umbrella""".split()
# Not control tokens: a grammar may not have those, and one that names them is refused.
MARKS = ["<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>"]
SPACE = "\u2581"


class Vocabulary:
    """Pieces, with scores: those with higher ones are put together first."""

    def __init__(self):
        self.pieces, self.scores, self.kinds = [], [], []

    def add(self, piece, score, kind=gguf.TokenType.NORMAL):
        if piece not in self.pieces:
            self.pieces.append(piece)
            self.scores.append(float(score))
            self.kinds.append(kind)


def vocabulary():
    all = Vocabulary()
    all.add("<unk>", 0, gguf.TokenType.UNKNOWN)
    all.add("<s>", 0, gguf.TokenType.CONTROL)
    all.add("</s>", 0, gguf.TokenType.CONTROL)
    for mark in MARKS:
        all.add(mark, 0, gguf.TokenType.USER_DEFINED)
    for byte in range(256):
        all.add(f"<0x{byte:02X}>", 0, gguf.TokenType.BYTE)
    for letter in SPACE + "".join(map(chr, range(0x21, 0x7F))):
        all.add(letter, -1000)
    # Two neighbours are put together if there is a piece for both, so every beginning of a word is one.
    for word in WORDS:
        for length in range(2, len(word) + 1):
            all.add(word[:length], length - 900)
        for length in range(1, len(word) + 1):
            all.add(SPACE + word[:length], length - 800)
    return all


def write(path):
    words = vocabulary()
    model = gguf.GGUFWriter(path, "llama")
    model.add_name("random")
    model.add_context_length(CONTEXT)
    model.add_embedding_length(WIDTH)
    model.add_block_count(LAYERS)
    model.add_feed_forward_length(INNER)
    model.add_head_count(HEADS)
    model.add_head_count_kv(HEADS)
    model.add_rope_dimension_count(WIDTH // HEADS)
    model.add_layer_norm_rms_eps(1e-5)
    model.add_vocab_size(len(words.pieces))
    # Else vectors come one for each token.
    model.add_pooling_type(gguf.PoolingType.MEAN)
    model.add_tokenizer_model("llama")
    model.add_token_list([piece.encode() for piece in words.pieces])
    model.add_token_scores(words.scores)
    model.add_token_types(words.kinds)
    model.add_unk_token_id(0)
    model.add_bos_token_id(1)
    model.add_eos_token_id(2)
    model.add_add_bos_token(True)
    # A grammar would meet a space that it does not expect.
    model.add_add_space_prefix(False)

    chance = numpy.random.default_rng(20)

    def weights(name, *shape, spread):
        drawn = chance.normal(0, spread, shape).astype(numpy.float32)
        model.add_tensor(name + ".weight", drawn)

    def ones(name):
        model.add_tensor(name + ".weight", numpy.ones(WIDTH, numpy.float32))

    weights("token_embd", len(words.pieces), WIDTH, spread=1)
    ones("output_norm")
    output = chance.normal(0, 0.4, (len(words.pieces), WIDTH)).astype(numpy.float32)
    # Words are likelier than bytes, which make no text.
    for at, kind in enumerate(words.kinds):
        if kind == gguf.TokenType.BYTE:
            output[at] /= 20
    model.add_tensor("output.weight", output)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        ones(block + "attn_norm")
        ones(block + "ffn_norm")
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            weights(block + part, WIDTH, WIDTH, spread=0.15)
        weights(block + "ffn_gate", INNER, WIDTH, spread=0.15)
        weights(block + "ffn_up", INNER, WIDTH, spread=0.15)
        weights(block + "ffn_down", WIDTH, INNER, spread=0.15)
    model.write_header_to_file()
    model.write_kv_data_to_file()
    model.write_tensors_to_file()
    model.close()


write(sys.argv[1])
