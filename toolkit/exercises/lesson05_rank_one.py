"""Lesson 05, exercise 5.4: all members of rank 1 in one pass."""

import torch

from toolkit.exercises.parts import Case, Exercise, Flaw, Wrong


def rank_one(x, W, u, v):
    """Return what a layer of K members makes of the inputs x [B, in]: [K, B, out], with no matrix but W."""
    return ((x * v[:, None]) @ W.T) * u[:, None]


class Scarce(torch.Tensor):
    """A matrix W on a machine without memory for another: what is made from it is smaller, or the same numbers again.

    So a view of W will do, and a copy of it in another order or precision, because one serves all members.
    """

    numbers = 40 * 30

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        """Do what was asked for, and refuse a result for which there is no memory."""
        made = super().__torch_function__(function, types, args, kwargs or {})
        large = isinstance(made, cls) and made.numel() >= cls.numbers
        if large and not any(_share(made, arg) or _copies(made, arg) for arg in args):
            raise MemoryError(f"no memory for a tensor of shape {list(made.shape)} beside W")
        return made

    def __deepcopy__(self, memo):
        """Copy the matrix: for this there is memory."""
        return self.as_subclass(torch.Tensor).clone().as_subclass(type(self))


def _share(made, arg):
    """Say whether both lie in the same memory; tensors inside torch.vmap do not tell."""
    try:
        return made.untyped_storage().data_ptr() == arg.untyped_storage().data_ptr()
    except (AttributeError, RuntimeError, NotImplementedError):
        return False


def _copies(made, arg):
    """Say whether one holds the numbers of the other, once; tensors inside torch.vmap do not tell."""
    if not isinstance(arg, Scarce) or made.numel() > Scarce.numbers:
        return False
    one, other = (matrix.as_subclass(torch.Tensor).double().flatten() for matrix in (made, arg))
    try:
        return torch.equal(one, other)
    except RuntimeError:
        return False


def _flaw_of_precision(got, x, W, u, v):
    """Return what is wrong with the dtype of a result whose values are right."""
    if got.dtype == x.dtype:
        return None
    return Flaw(f"x is of {x.dtype}, and {got.dtype} came back", _PRECISION)


def _matrices(W, u, v):
    return W * u[:, :, None] * v[:, None]


def _at_k(x, matrices):
    return x @ matrices.mT


def _numbers(seed, *shapes, low=-3, high=4):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randint(low, high, shape, generator=generator).float() for shape in shapes)


def _large(seed, members, batch, outputs, inputs):
    x, W, u, v = _numbers(seed, (batch, inputs), (outputs, inputs), (members, outputs), (members, inputs))
    return x, W.as_subclass(Scarce), u, v


_PRECISION = (
    "your values are right, but of another dtype than x, and torch.allclose and @ take tensors of one dtype only. Keep "
    "that of x, or go back to it: .to(x.dtype)."
)

_X = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.0, 1.0], [2.0, 2.0]])
_W = torch.tensor([[1.0, 2.0], [-1.0, 3.0]])
_U = torch.tensor([[1.0, 2.0], [0.5, 3.0], [-1.0, 1.0]])
_V = torch.tensor([[3.0, 1.0], [1.0, -2.0], [2.0, 0.5]])

RANK_ONE = Exercise(
    id="5.4",
    title="In one pass",
    difficulty=4,
    minutes=15,
    objective=4,
    reference=rank_one,
    cases=(
        Case((_X, _W, _U, _V)),
        Case(lambda: _large(0, 3, 2, 40, 30)),
        Case(_numbers(1, (5, 3), (2, 3), (1, 2), (1, 3))),
        Case((_X, _W, torch.ones(3, 2), torch.ones(3, 2))),
        Case((_X, _W, _U, _V), accept=_flaw_of_precision),
    ),
    wrong=(
        Wrong(
            "u and v swapped",
            lambda x, W, u, v: rank_one(x, W, v, u),
            "you have u and v swapped. W has a row for each output, and u_k v_k^T as well: u belongs to the outputs, v "
            "to the inputs.",
        ),
        Wrong(
            "W not transposed",
            lambda x, W, u, v: rank_one(x, W.T, u, v),
            "you multiply by W where W transposed is meant: W is [out, in], and x @ W.T is what a linear layer does.",
        ),
        Wrong(
            "W not transposed, u and v swapped",
            lambda x, W, u, v: rank_one(x, W.T, v, u),
            "W is [out, in], with u along its rows and v along its columns. You have all of it the other way round.",
        ),
        Wrong(
            "u forgotten",
            lambda x, W, u, v: rank_one(x, W, torch.ones_like(u), v),
            "your members differ in v only. u_k scales what comes out of W.",
        ),
        Wrong(
            "v forgotten",
            lambda x, W, u, v: rank_one(x, W, u, torch.ones_like(v)),
            "your members differ in u only. v_k scales what goes into W.",
        ),
        Wrong(
            "both at the outputs",
            lambda x, W, u, v: (x @ W.T) * u[:, None] * v[:, None],
            "you scale the outputs by both u and v. v stands with the inputs, before W.",
        ),
        Wrong(
            "both at the inputs",
            lambda x, W, u, v: (x * u[:, None] * v[:, None]) @ W.T,
            "you scale the inputs by both u and v. u stands with the outputs, behind W.",
        ),
        Wrong(
            "added",
            lambda x, W, u, v: _at_k(x, W + u[:, :, None] * v[:, None]),
            "you add u_k v_k^T to W. Asked for is the product, number by number: with u and v all ones a member is W "
            "itself.",
        ),
        Wrong(
            "u v^T without W",
            lambda x, W, u, v: _at_k(x, u[:, :, None] * v[:, None]),
            "you use u_k v_k^T in place of W. It multiplies W, number by number.",
        ),
        Wrong(
            "matrix product",
            lambda x, W, u, v: _at_k(x, W @ (u[:, :, None] * v[:, None])),
            "you take the matrix product of W and u_k v_k^T. Their product here is number by number: entry (o, i) of "
            "W times u_k[o] v_k[i].",
        ),
        Wrong(
            "divided",
            lambda x, W, u, v: _at_k(x, W / (u[:, :, None] * v[:, None])),
            "you divide by u and v. They multiply.",
        ),
        Wrong(
            "mean of the members' outputs",
            lambda x, W, u, v: rank_one(x, W, u, v).mean(0),
            "you return the mean of the members' outputs. Leave them apart: [K, B, out].",
        ),
        Wrong(
            "sum over the members",
            lambda x, W, u, v: rank_one(x, W, u, v).sum(0),
            "you add up what the members make of x. Leave them apart: [K, B, out]. (einsum adds over every letter that "
            "is missing behind the arrow.)",
        ),
        Wrong(
            "mean u and mean v",
            lambda x, W, u, v: rank_one(x, W, u.mean(0, keepdim=True), v.mean(0, keepdim=True))[0],
            "you average the vectors first and run one network. Every member has outputs of its own: [K, B, out].",
        ),
        Wrong(
            "member 0 only",
            lambda x, W, u, v: rank_one(x, W, u, v)[0],
            "you return the first member's outputs only. Is there a return inside your loop?",
        ),
        Wrong(
            "member 0 for all",
            lambda x, W, u, v: rank_one(x, W, u[:1].expand_as(u), v[:1].expand_as(v)),
            "all your members are the first one. Member k has row k of u and of v.",
        ),
        Wrong(
            "samples first",
            lambda x, W, u, v: rank_one(x, W, u, v).transpose(0, 1),
            "your values are right, in the order [B, K, out]. Asked for is [K, B, out]: members first.",
        ),
        Wrong(
            "outputs before samples",
            lambda x, W, u, v: rank_one(x, W, u, v).mT,
            "your values are right, in the order [K, out, B]. Asked for is [K, B, out].",
        ),
        Wrong(
            "members under each other",
            lambda x, W, u, v: rank_one(x, W, u, v).flatten(0, 1),
            "your values are right, under each other: [K B, out]. Asked for is [K, B, out]: unflatten(0, (K, B)).",
        ),
        Wrong(
            "the matrices",
            lambda x, W, u, v: _matrices(W, u, v),
            "those are the matrices of the members, which nobody has to write down. Asked for is what they make of x.",
        ),
        Wrong("double precision", lambda x, W, u, v: rank_one(x, W, u, v).double(), _PRECISION),
    ),
    hints=(
        "Write one number of the result as a sum: y[o] = Σ_i W[o, i] u[o] v[i] x[i]. What may be taken out of the sum, "
        "and what belongs to x?",
        "y[o] = u[o] Σ_i W[o, i] (v[i] x[i]): scale the inputs by v, use the one W, scale the outputs by u. Going "
        "through the members one by one is a right answer, and one pass for all a better one.",
        "v[:, None] is [K, 1, in]. Times x [B, in] it gives a copy of x for every member, [K, B, in]; @ W.T takes all "
        "of them at once.",
    ),
    skeleton=(
        "def rank_one(x, W, u, v):\n"
        "    scaled = x * ...  # [K, B, in]\n"
        "    y = scaled @ W.T  # [K, B, out]\n"
        "    return y * ..."
    ),
    praise="One matrix for all: a member costs out + in numbers, and nobody ever writes its out · in weights down.",
    errors={
        r"no memory for a tensor": "You make a matrix as large as W for a member. One W is enough for all of them: "
        "what can you do to the inputs before W, and to the outputs behind it, that has the effect of u_k v_k^T?",
        r"size of tensor a \(\d+\) must match": "x has a row a sample [B, in], v a row a member [K, in]: v[:, None] is "
        "[K, 1, in], and goes with every sample.",
        r"cannot be multiplied|size mismatch": "W is [out, in] and x [B, in]: a linear layer computes x @ W.T.",
    },
)
