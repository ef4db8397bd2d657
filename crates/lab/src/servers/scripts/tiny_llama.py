"""Writes a model for transformers and what builds on them: a small Llama of random weights, with a tokenizer that was
trained on two sentences. Argument: the folder."""

import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SPECIAL = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
TEXTS = ["Otters eat fish, and sleep afloat. " * 9, '{"city": "Bergen", "degrees": 11} Do I need an umbrella? ' * 9]
TEMPLATE = (
    "{%- for message in messages -%}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|im_start|>assistant\n{% endif -%}"
)


def tokenizer():
    # Of bytes, so that there is no text that it cannot say.
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=384, special_tokens=SPECIAL, initial_alphabet=letters)
    words.train_from_iterator(TEXTS, trainer)
    marks = dict(zip(("unk_token", "bos_token", "eos_token"), SPECIAL))
    made = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="</s>", **marks)
    made.chat_template = TEMPLATE
    return made


folder = sys.argv[1]
torch.manual_seed(20)
words = tokenizer()
words.save_pretrained(folder)
# Heads of 64 numbers: with fewer than 32 vLLM's engine for the processor ends at the first request.
config = LlamaConfig(
    vocab_size=len(words),
    hidden_size=128,
    intermediate_size=192,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=2,
    max_position_embeddings=2048,
    bos_token_id=1,
    eos_token_id=2,
    pad_token_id=2,
)
LlamaForCausalLM(config).save_pretrained(folder)
