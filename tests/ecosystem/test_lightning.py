"""PyTorch Lightning and Fabric."""

import pytest
import torch

from optim_core import MultilayerLookahead

lightning = pytest.importorskip("lightning", reason="tests/ecosystem/requirements.txt is not installed")
ModelCheckpoint = pytest.importorskip("lightning.pytorch.callbacks").ModelCheckpoint
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


class Module(lightning.LightningModule):
    def __init__(self, wrap=True, scheduler=False):
        super().__init__()
        torch.manual_seed(0)
        self.net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
        self.wrap, self.scheduler = wrap, scheduler

    def training_step(self, batch, index):
        return self.net(batch[0]).square().mean()

    def optimizer(self, parameters):
        base = torch.optim.Adam(parameters, lr=0.01)
        return MultilayerLookahead(base, (3, 2), 0.5, momentum="pullback") if self.wrap else base

    def configure_optimizers(self):
        optimizer = self.optimizer(self.parameters())
        if not self.scheduler:
            return optimizer
        scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.02, total_steps=40)
        return [optimizer], [{"scheduler": scheduler, "interval": "step"}]


class Manual(Module):
    """Two optimizers, stepped by hand; slow weights evaluated through what self.optimizers() hands out."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False

    def configure_optimizers(self):
        return [self.optimizer(self.net[0].parameters()), self.optimizer(self.net[2].parameters())]

    def training_step(self, batch, index):
        loss = self.net(batch[0]).square().mean()
        for optimizer in self.optimizers():
            optimizer.zero_grad()
        self.manual_backward(loss)
        for optimizer in self.optimizers():
            optimizer.step()
            with optimizer.use_slow_weights(), pytest.raises(RuntimeError, match="inside use_slow_weights"):
                optimizer.step()


def batches(number=30):
    x = torch.randn(8 * number, 4, generator=torch.Generator().manual_seed(1))
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x), batch_size=8)


def trainer(folder, steps, **options):
    return lightning.Trainer(
        max_steps=steps,
        default_root_dir=folder,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **{"enable_checkpointing": False, **options},
    )


def weights(module):
    return torch.nn.utils.parameters_to_vector(module.parameters()).detach().clone()


def by_hand(steps, clip=None, accumulate=1):
    module = Module()
    optimizer = module.optimizer(module.parameters())
    for number, batch in enumerate(batches()):
        (module.training_step(batch, 0) / accumulate).backward()
        if (number + 1) % accumulate == 0:
            if clip:
                torch.nn.utils.clip_grad_norm_(module.parameters(), clip)
            optimizer.step()
            optimizer.zero_grad()
        if optimizer.base_steps == steps:
            break
    return weights(module)


@pytest.mark.parametrize(
    ("options", "hand"),
    [({}, {}), ({"gradient_clip_val": 0.01}, {"clip": 0.01}), ({"accumulate_grad_batches": 2}, {"accumulate": 2})],
)
def test_automatic_optimization_gives_the_numbers_of_a_plain_loop(tmp_path, options, hand):
    module = Module()
    trainer(tmp_path, 10, **options).fit(module, batches())
    assert torch.equal(weights(module), by_hand(10, **hand))


def test_resumed_in_mid_window_bit_for_bit_with_a_scheduler(tmp_path):
    """From a checkpoint of every epoch of two steps, at whose ends Lightning can resume; k = (3, 2)."""
    straight = Module(scheduler=True)
    keep = ModelCheckpoint(tmp_path, filename="{step}", every_n_train_steps=2, save_top_k=-1)
    trainer(tmp_path, 20, enable_checkpointing=True, callbacks=[keep]).fit(straight, batches(2))
    for steps in (6, 8, 10):
        continuation = Module(scheduler=True)
        again = trainer(tmp_path, 20)
        again.fit(continuation, batches(2), ckpt_path=tmp_path / f"step={steps}.ckpt")
        assert again.optimizers[0].base_steps == 20
        assert torch.equal(weights(continuation), weights(straight))


def test_manual_optimization_with_two_optimizers(tmp_path):
    module = Manual()
    fit = trainer(tmp_path, 14)
    fit.fit(module, batches())
    assert [optimizer.base_steps for optimizer in fit.optimizers] == [7, 7]
    assert torch.equal(weights(module), by_hand(7))


def test_capture_and_advance_through_lightnings_proxy_reach_the_checkpoint(tmp_path):
    class Turns(Module):
        def __init__(self):
            super().__init__()
            self.automatic_optimization = False

        def training_step(self, batch, index):
            optimizer = self.optimizers()
            optimizer.capture()
            optimizer.zero_grad()
            self.manual_backward(self.net(batch[0]).square().mean())
            optimizer.base.step()
            optimizer.advance()
            self.trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress.increment_completed()

    module = Turns()
    fit = trainer(tmp_path, 7)
    fit.fit(module, batches(7))
    state = fit.optimizers[0].state_dict()
    assert state["param_groups"][0]["lookahead_base_steps"] == 7
    assert torch.equal(weights(module), by_hand(7))


def test_bfloat16_true_precision(tmp_path):
    module = Module()
    trainer(tmp_path, 7, precision="bf16-true").fit(module, batches())
    assert weights(module).dtype == torch.bfloat16
    assert weights(module).isfinite().all()


def test_two_fits_in_a_row_though_the_state_is_moved_in_between(tmp_path):
    """Lightning moves optimizer.state to the CPU when it tears down, entry by entry."""
    module = Module()
    optimizer = module.optimizer(module.parameters())
    module.configure_optimizers = lambda: optimizer
    for steps in (4, 3):
        trainer(tmp_path, steps).fit(module, batches())
    assert optimizer.base_steps == 7
    assert all("exp_avg" in entries and "lookahead_slow_1" in entries for entries in optimizer.state.values())


def test_fabric_saves_and_loads_what_its_proxy_did(tmp_path):
    def build():
        fabric = lightning.Fabric(accelerator="cpu", devices=1)
        module = Module()
        net, optimizer = fabric.setup(module.net, module.optimizer(module.parameters()))
        return fabric, module, net, optimizer

    def train(fabric, net, optimizer, numbers):
        data = list(batches())
        for number in numbers:
            optimizer.zero_grad()
            fabric.backward(net(data[number][0]).square().mean())
            optimizer.step()

    fabric, module, net, optimizer = build()
    train(fabric, net, optimizer, range(4))
    fabric.save(tmp_path / "state.ckpt", {"net": net, "optimizer": optimizer})
    with optimizer.use_slow_weights(), pytest.raises(RuntimeError, match="inside use_slow_weights"):
        fabric.save(tmp_path / "refused.ckpt", {"optimizer": optimizer})
    other, module_again, net_again, continuation = build()
    other.load(tmp_path / "state.ckpt", {"net": net_again, "optimizer": continuation})
    assert continuation.base_steps == optimizer.base_steps == 4
    train(fabric, net, optimizer, range(4, 13))
    train(other, net_again, continuation, range(4, 13))
    assert torch.equal(weights(module), weights(module_again))
