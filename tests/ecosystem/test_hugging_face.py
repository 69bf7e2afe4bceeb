"""accelerate and transformers' Trainer."""

import pytest
import torch

from optim_core import MultilayerLookahead

accelerate = pytest.importorskip("accelerate", reason="tests/ecosystem/requirements.txt is not installed")
transformers = pytest.importorskip("transformers", reason="tests/ecosystem/requirements.txt is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))


def wrap(parameters, alpha=0.5):
    return MultilayerLookahead(torch.optim.Adam(parameters, lr=0.01), (3, 2), alpha)


def data(number):
    return torch.randn(8, 4, generator=torch.Generator().manual_seed(number))


def weights(model):
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()


def by_hand(steps, accumulate, make=wrap):
    model = network()
    optimizer = make(model.parameters())
    for number in range(steps * accumulate):
        (model(data(number)).square().mean() / accumulate).backward()
        if (number + 1) % accumulate == 0:
            optimizer.step()
            optimizer.zero_grad()
    return weights(model)


def build(accumulate=1):
    accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=accumulate)
    model = network()
    return accelerator, *accelerator.prepare(model, wrap(model.parameters()))


def train(accelerator, model, optimizer, numbers):
    for number in numbers:
        with accelerator.accumulate(model):
            accelerator.backward(model(data(number)).square().mean())
            optimizer.step()
            optimizer.zero_grad()


@pytest.mark.parametrize("accumulate", [1, 3])
def test_wrapped_first_and_prepared_after_accelerate_gives_the_numbers_of_a_plain_loop(accumulate):
    accelerator, model, optimizer = build(accumulate)
    train(accelerator, model, optimizer, range(7 * accumulate))
    assert optimizer.optimizer.base_steps == 7
    assert torch.equal(weights(model), by_hand(7, accumulate))


def test_prepared_first_and_wrapped_after_the_gradients_are_accumulated_but_every_call_is_a_step():
    """alpha = 1 is the base bit for bit also there; the periods count calls, so k is to be multiplied."""
    accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=3)
    model = network()
    model, base = accelerator.prepare(model, torch.optim.Adam(model.parameters(), lr=0.01))
    optimizer = MultilayerLookahead(base, (3, 2), 1.0)
    train(accelerator, model, optimizer, range(21))
    assert optimizer.base_steps == 21
    assert torch.equal(weights(model), by_hand(7, 3, lambda params: torch.optim.Adam(params, lr=0.01)))


def test_save_state_and_load_state_in_mid_window(tmp_path):
    accelerator, model, optimizer = build()
    train(accelerator, model, optimizer, range(4))
    accelerator.save_state(str(tmp_path))
    train(accelerator, model, optimizer, range(4, 13))
    straight = weights(model)
    accelerator, model, optimizer = build()
    accelerator.load_state(str(tmp_path))
    assert optimizer.optimizer.base_steps == 4
    train(accelerator, model, optimizer, range(4, 13))
    assert torch.equal(weights(model), straight)


def tiny():
    torch.manual_seed(0)
    return transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            n_embd=16, n_layer=1, n_head=2, vocab_size=32, n_positions=16, bos_token_id=0, eos_token_id=0,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        )
    )  # fmt: skip


def trainer(folder, steps, **options):
    model = tiny()
    optimizer = wrap(model.parameters())
    tokens = torch.randint(0, 32, (240, 8), generator=torch.Generator().manual_seed(1))
    arguments = transformers.TrainingArguments(
        output_dir=str(folder), max_steps=steps, per_device_train_batch_size=4, use_cpu=True, report_to=[],
        logging_strategy="no", seed=0, disable_tqdm=True, lr_scheduler_type="constant", **options,
    )  # fmt: skip
    return transformers.Trainer(
        model=model,
        args=arguments,
        train_dataset=[{"input_ids": row, "labels": row} for row in tokens],
        optimizers=(optimizer, None),
    )


def base_steps(trainer):
    return getattr(trainer.optimizer, "optimizer", trainer.optimizer).base_steps


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_trainer_trains_and_resumes_in_mid_window_bit_for_bit(tmp_path, accumulate):
    options = {"gradient_accumulation_steps": accumulate, "max_grad_norm": 1.0}
    straight = trainer(tmp_path / "straight", 12, save_strategy="no", **options)
    straight.train()
    assert base_steps(straight) == 12
    first = trainer(tmp_path / "resumed", 12, save_strategy="steps", save_steps=4, **options)
    first.train()
    second = trainer(tmp_path / "resumed", 12, save_strategy="no", **options)
    second.train(resume_from_checkpoint=str(tmp_path / "resumed" / "checkpoint-4"))
    assert base_steps(second) == 12
    assert torch.equal(weights(straight.model), weights(first.model))
    assert torch.equal(weights(straight.model), weights(second.model))
