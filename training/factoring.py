"""A fully fine-tuned model as a small adapter: the change of its weights, factored to low rank."""

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel

TARGETS = r".*(encoder\.layer.*\.(query|key|value|dense)|embeddings\.word_embeddings)"


def factored(base: PreTrainedModel, tuned: PreTrainedModel, rank: int) -> PeftModel:
    """The base model with an adapter that comes as near to the tuned one as its rank allows.

    The change of every weight matrix is cut to its largest singular values (Eckart and Young
    1936), which is the best adapter of that rank in the Frobenius norm; biases go along whole. An
    adapter trained as one from the start came out behind on validation.

    Args:
        base: The model that fine-tuning started from; becomes the adapter's base.
        tuned: The same architecture with all weights fine-tuned.
        rank: Rank of the adapter.
    """
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=TARGETS, bias="all")
    adapted = get_peft_model(base, config)
    modules = dict(tuned.named_modules())
    for name, layer in adapted.base_model.model.named_modules():
        if not hasattr(layer, "lora_A"):
            continue
        change = (modules[name].weight - layer.base_layer.weight).detach()
        left, values, right = torch.linalg.svd(change, full_matrices=False)
        root = values[:rank].sqrt()
        left, right = left[:, :rank] * root, right[:rank] * root[:, None]
        if "default" in layer.lora_embedding_A:  # an embedding's weight is transposed
            layer.lora_embedding_A["default"].data = left.T.contiguous()
            layer.lora_embedding_B["default"].data = right.T.contiguous()
        else:
            layer.lora_A["default"].weight.data = right.contiguous()
            layer.lora_B["default"].weight.data = left.contiguous()
    parameters = dict(tuned.named_parameters())
    for name, parameter in adapted.base_model.model.named_parameters():
        plain = name.replace(".base_layer", "")
        if name.endswith("bias") and plain in parameters:
            parameter.data = parameters[plain].detach().clone()
    return adapted
