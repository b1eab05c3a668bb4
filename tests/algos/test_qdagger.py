"""QDagger: the distance to the teacher, its weight and the teacher's advice, by hand."""

import math
from dataclasses import replace

import pytest
import torch

from surefoot.agent.agent import Agent, AgentPolicy
from surefoot.agent.config import STOCHASTIC, AgentConfig
from surefoot.algos.dqn_config import C51Config, DQNConfig, QDaggerConfig
from surefoot.algos.qdagger import QDagger, Teacher, distill_coef
from surefoot.data.replay import Batch
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout, Signal

INTERFACE = Interface(observation=Layout((Signal(name="x", unit="1", size=2),)), action=2, dt=1.0)


def _agent(head=STOCHASTIC, **settings):
    random = torch.Generator().manual_seed(0)
    return Agent(AgentConfig(**settings), INTERFACE, random, head=head)


def _learner(**settings):
    """Without hidden layers; discounts are 0, so that the target of a value is the reward."""
    config = QDaggerConfig(loss="mse", max_grad_norm=1e9, **settings)
    agent = _agent(config.head, net_arch_pi=())
    return QDagger(agent, config, generator=torch.Generator().manual_seed(0))


# Choices 1 and 0. The teacher's probabilities are (1/4, 3/4) and (2/3, 1/3).
BATCH = Batch(
    features=torch.tensor([[1.0, 0.0], [0.0, 1.0]]),
    action=torch.tensor([[1.0, math.log(1 / 4), math.log(3 / 4)],
                         [0.0, math.log(2 / 3), math.log(1 / 3)]]),
    reward=torch.tensor([2.5, 0.25]), discount=torch.zeros(2), next_features=torch.rand(2, 2),
)  # fmt: skip


def test_the_loss_and_its_gradient_by_hand():
    learner = _learner(temperature=2.0)
    learner.distill_coef = 0.5
    # the student's probabilities: (1/5, 4/5), as 2 log 4 / 2 = log 4; and (1/2, 1/2)
    values = torch.tensor([[0.0, 2.0 * math.log(4.0)], [1.0, 1.0]], requires_grad=True)
    errors = 2.0 * math.log(4.0) - 2.5, 1.0 - 0.25
    kl = (
        1 / 4 * math.log(5 / 4) + 3 / 4 * math.log(15 / 16),
        2 / 3 * math.log(4 / 3) + 1 / 3 * math.log(2 / 3),
    )
    loss = learner.loss(values, BATCH)
    td, distance = (errors[0] ** 2 + errors[1] ** 2) / 2, (kl[0] + kl[1]) / 2
    assert loss.item() == pytest.approx(td + 0.5 * distance, rel=1e-5)
    # of the distance: (student's - teacher's probability) / temperature, over 2 rows, times 0.5;
    # of the square: 2 e / 2, on the choices alone
    pull = 0.5 / 2.0 / 2.0
    expected = torch.tensor([
        [pull * (1 / 5 - 1 / 4), pull * (4 / 5 - 3 / 4) + errors[0]],
        [pull * (1 / 2 - 2 / 3) + errors[1], pull * (1 / 2 - 1 / 3)],
    ])  # fmt: skip
    torch.testing.assert_close(torch.autograd.grad(loss, values)[0], expected)
    report = learner.report()
    assert report["train/loss"] == pytest.approx(td, rel=1e-5)  # DQN's alone
    assert report["train/distill_loss"] == pytest.approx(distance, rel=1e-5)
    assert report["train/distill_coef"] == 0.5


def test_the_gradient_is_that_of_finite_differences():
    learner = _learner(temperature=0.7)
    learner.distill_coef = 0.8
    values = torch.tensor([[0.3, -0.4], [1.2, 0.9]], requires_grad=True)
    (gradient,) = torch.autograd.grad(learner.loss(values, BATCH), values)
    step = 1e-2
    for index in ((0, 0), (0, 1), (1, 0), (1, 1)):
        moved = torch.zeros(2, 2)
        moved[index] = step
        with torch.no_grad():
            rise = learner.loss(values + moved, BATCH) - learner.loss(values - moved, BATCH)
        assert gradient[index].item() == pytest.approx(rise.item() / (2.0 * step), abs=1e-4)


def test_where_the_student_agrees_only_the_temporal_difference_is_left():
    learner = _learner()
    values = (BATCH.action[:, 1:] + 3.0).requires_grad_()  # a soft-max does not see the 3
    loss = learner.loss(values, BATCH)
    q = values.detach()[torch.arange(2), torch.tensor([1, 0])]
    assert loss.item() == pytest.approx((q - BATCH.reward).square().mean().item())
    assert learner.report()["train/distill_loss"] == pytest.approx(0.0, abs=1e-6)


def test_a_student_that_only_imitates_ends_up_with_the_teachers_probabilities():
    learner = _learner(learning_rate=0.05, temperature=2.0)
    learner.distill_coef = 1e4  # drowns the values
    for _ in range(400):
        learner.learn(BATCH)
    student = (learner.agent.actor(BATCH.features) / 2.0).softmax(dim=1).detach()
    torch.testing.assert_close(student, BATCH.action[:, 1:].exp(), atol=1e-3, rtol=0.0)


@pytest.mark.parametrize(
    ("student", "teacher", "uniform", "expected"),
    [
        (260.0, 500.0, 20.0, 0.5),  # half-way
        (20.0, 500.0, 20.0, 1.0), (500.0, 500.0, 20.0, 0.0), (380.0, 500.0, 20.0, 0.25),
        # where returns are negative: no better than chance is 1, near the teacher is near 0
        (-500.0, -80.0, -500.0, 1.0), (-290.0, -80.0, -500.0, 0.5), (-101.0, -80.0, -500.0, 0.05),
        (-80.0, -80.0, -500.0, 0.0),
        (-10.0, 30.0, -50.0, 0.5),  # on both sides of 0
        (5.0, 500.0, 20.0, 1.0), (-70.0, -80.0, -500.0, 0.0),  # beyond either end
    ],
)  # fmt: skip
def test_the_teacher_counts_less_the_nearer_the_student_comes(student, teacher, uniform, expected):
    assert distill_coef(student, teacher=teacher, uniform=uniform) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        # action values (2, 0) over a temperature of 2; values of the laws (1/2, -1/2), over 2;
        # a policy's preferences (2, 0) are its own, whatever the temperature
        (DQNConfig().head, [1.0, 0.0]),
        (C51Config(n_atoms=2, v_min=-1.0, v_max=1.0).head, [0.25, -0.25]),
        (STOCHASTIC, [2.0, 0.0]),
    ],
    ids=["dqn", "c51", "ppo"],
)
def test_what_a_teacher_advises(head, expected):
    agent = _agent(head, net_arch_pi=())
    last = agent.actor[0]
    with torch.no_grad():
        last.weight.zero_()
        if head.atoms is None:
            last.bias.copy_(torch.tensor([2.0, 0.0]))
        else:  # probabilities 1/4, 3/4 and 3/4, 1/4 of -1 and 1
            last.bias.copy_(torch.tensor([0.25, 0.75, 0.75, 0.25]).log())
    advice = Teacher(agent, 3, temperature=2.0).advise(torch.rand(3, 2))
    torch.testing.assert_close(advice, torch.tensor([expected] * 3).log_softmax(dim=1))


@pytest.mark.parametrize(
    "settings",
    [{"history": 3, "append_last_command": True}, {"memory": "lstm"}, {"memory": "gru"},
     {"history": 2, "action_repeat": 2}, {"normalize_observation": True}],
    ids=str,
)  # fmt: skip
def test_a_teacher_who_looks_on_would_choose_what_it_chooses_when_it_plays(settings):
    agent = _agent(**settings)
    with torch.no_grad():  # preferences that turn with what is seen and remembered
        agent.actor[-1].weight.normal_(generator=torch.Generator().manual_seed(1))
    player, teacher = AgentPolicy(agent), Teacher(agent, 4, temperature=1.0)
    player.reset(4)
    random = torch.Generator().manual_seed(2)
    chosen = []
    for _ in range(12):
        done = torch.rand(4, generator=random) < 0.2
        for phase in range(agent.config.action_repeat):
            observation = torch.randn(4, 2, generator=random)
            choice = player.act(observation)
            if phase == 0:
                advice = teacher.advise(observation)
                assert torch.equal(advice.argmax(dim=1, keepdim=True).float(), choice)
        teacher.follow(choice, done)
        player.reset_worlds(done)
        chosen.append(choice)
    assert 0.2 < float(torch.cat(chosen).mean()) < 0.8  # not always the same


def test_a_teacher_remembers_what_was_done_instead_of_what_it_advised():
    agent = _agent(net_arch_pi=(), append_last_command=True)
    with torch.no_grad():  # its preference for 1 is the last command
        agent.actor[0].weight.copy_(torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
    teacher = Teacher(agent, 2, temperature=1.0)
    teacher.advise(torch.zeros(2, 2))
    teacher.follow(torch.tensor([[1.0], [1.0]]), torch.tensor([False, True]))
    advice = teacher.advise(torch.zeros(2, 2))
    # world 1 has begun anew: nothing was done there yet
    expected = torch.tensor([[0.0, 1.0], [0.0, 0.0]]).log_softmax(dim=1)
    torch.testing.assert_close(advice, expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, "algo.temperature must be positive and finite, got 0.0"),
        ({"teacher_steps": 0}, "algo.teacher_steps must be at least 1, got 0"),
        ({"learning_starts": 0}, "algo.learning_starts must be at least 1, got 0"),
        ({"gamma": 2.0}, r"algo.gamma must be in \[0, 1\]"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, message):
    with pytest.raises(InvalidConfig, match=message):
        QDaggerConfig(**settings)
    assert replace(QDaggerConfig(), double=True).head == DQNConfig(double=True).head
