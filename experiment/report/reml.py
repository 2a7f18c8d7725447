"""The restricted likelihood of a mixed model whose blocks share a few crossed random effects.

Notation, here and in `experiment.report.mixed`: y = X b + sum over components k of Z_k u_k + e,
with u_k ~ N(0, ratio_k s2) and e ~ N(0, s2 / w). V is the covariance of y in units of s2, R the
part of V within blocks, J = [Z_shared, X], and P = V^-1 - V^-1 X (X' V^-1 X)^-1 X' V^-1.

Given the shared effects the blocks are independent, so that everything is a sum over blocks of
small matrices, made once from cross-products: no matrix has the number of rows squared. The same
likelihood as in Bates et al. (2015), J Stat Softw 67(1), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Component:
    """Random effects of one kind, independent and of one variance.

    `columns`: blocks x cells x effects. `shared`: the same effects in all blocks, else each block
    has its own.
    """

    name: str
    columns: Array
    shared: bool


@dataclass(frozen=True)
class Problem:
    """What is to be fitted. `y` and `weights`: blocks x cells, `fixed`: blocks x cells x effects.

    The weight is the number of trials in a cell; one of weight 0 has no data, whatever its `y`.
    """

    y: Array
    weights: Array
    fixed: Array
    fixed_names: tuple[str, ...]
    components: tuple[Component, ...]

    @property
    def n(self) -> int:
        """Cells with data."""
        return int((self.weights > 0).sum())


@dataclass(frozen=True)
class State:
    """All that follows from one set of ratios; own effects stand before shared ones."""

    ratios: Array  # by component, own ones first
    own_r: Array  # own' R^-1 own, by block
    own_rj: Array  # own' R^-1 J, by block
    own_py: Array  # own' P y, by block
    jrj: Array  # J' R^-1 J
    inner: Array  # P = R^-1 - R^-1 J inner J' R^-1
    solution: Array  # shared effects as predicted, then fixed ones as estimated
    shared_p: Array  # Z_shared' P Z_shared
    shared_py: Array
    rss: float  # y' P y
    deviance: float
    xx: Array  # (X' V^-1 X)^-1


class Likelihood:
    """Minus twice the restricted log likelihood by variance ratios, s2 profiled out."""

    def __init__(self, problem: Problem) -> None:
        own = [c for c in problem.components if not c.shared]
        shared = [c for c in problem.components if c.shared]
        self.components = (*own, *shared)
        self.order = [problem.components.index(c) for c in self.components]  # inside -> outside
        self.own_of, self.shared_of = _owners(own), _owners(shared) + len(own)
        w = problem.weights
        own_columns = np.concatenate(
            [np.zeros((*w.shape, 0)), *(component.columns for component in own)], axis=2
        )
        y = np.where(w > 0, problem.y, 0.0)[..., None]
        right = np.concatenate([*(c.columns for c in shared), problem.fixed, y], axis=2)
        self.q, self.m, self.p = len(self.own_of), len(self.shared_of), problem.fixed.shape[2]
        self.own_own = np.einsum("icq,ic,icr->iqr", own_columns, w, own_columns)
        self.own_right = np.einsum("icq,ic,icm->iqm", own_columns, w, right)
        self.right_right = np.einsum("icm,ic,icn->mn", right, w, right)
        self.dof = problem.n - self.p
        self.log_weights = float(np.log(w[w > 0]).sum())
        xx = self.right_right[self.m : -1, self.m : -1]
        if self.dof <= 0 or np.linalg.matrix_rank(xx) < self.p:
            raise ValueError("the cells with data don't tell the effects apart")

    def deviance(self, ratios: Array) -> tuple[float, Array]:
        """The deviance at these ratios (in the problem's order) and its gradient."""
        state = self.state(ratios)
        slopes = self.traces(state) - self.dof / state.rss * self._squares(state)
        return state.deviance, self.outside(slopes)

    def state(self, ratios: Array) -> State:
        """Everything at one set of ratios (in the problem's order)."""
        q, m, p = self.q, self.m, self.p
        inside = np.asarray(ratios, dtype=float)[self.order]
        root = np.sqrt(inside[self.own_of])
        factor = np.linalg.cholesky(np.eye(q) + root[:, None] * self.own_own * root)
        both = np.concatenate([self.own_own, self.own_right], axis=2)
        half = np.linalg.solve(factor, root[:, None] * both)
        own = both - np.einsum("irq,irm->iqm", half[:, :, :q], half)
        right = self.right_right - np.einsum("iqm,iqn->mn", half[:, :, q:], half[:, :, q:])
        jrj, jry = right[:-1, :-1], right[:-1, -1]
        scale = np.concatenate([np.sqrt(inside[self.shared_of]), np.ones(p)])
        bordered = scale[:, None] * jrj * scale + np.diag(np.repeat([1.0, 0.0], [m, p]))
        solved = np.linalg.inv(bordered)
        inner = scale[:, None] * solved * scale
        solution = inner @ jry
        rss = float(right[-1, -1] - jry @ solution)
        log_det = 2 * float(np.log(np.diagonal(factor, axis1=1, axis2=2)).sum())
        log_det += float(np.linalg.slogdet(bordered)[1]) - self.log_weights
        own_rj = own[:, :, q:-1]
        return State(
            ratios=inside,
            own_r=own[:, :, :q],
            own_rj=own_rj,
            own_py=own[:, :, -1] - own_rj @ solution,
            jrj=jrj,
            inner=inner,
            solution=solution,
            shared_p=jrj[:m, :m] - jrj[:m] @ inner @ jrj[:, :m],
            shared_py=jry[:m] - jrj[:m] @ solution,
            rss=rss,
            deviance=log_det + self.dof * (1 + float(np.log(2 * np.pi * rss / self.dof))),
            xx=solved[m:, m:],
        )

    def traces(self, state: State) -> Array:
        """tr(P V_k), own components first."""
        own = np.einsum("iqq->q", state.own_r)
        own = own - np.einsum("iqm,iqm->q", state.own_rj @ state.inner, state.own_rj)
        return self._by_component(own, np.diagonal(state.shared_p))

    def squares(self, state: State) -> Array:
        """y' P V_k P y: components (problem's order), then residual."""
        found = self._squares(state)
        rest = state.rss - found @ state.ratios  # since y' P V P y = y' P y
        return self.outside(np.append(found, rest))

    def _squares(self, state: State) -> Array:
        return self._by_component((state.own_py**2).sum(axis=0), state.shared_py**2)

    def _by_component(self, own: Array, shared: Array) -> Array:
        owners = np.concatenate([self.own_of, self.shared_of])
        sums = np.bincount(owners, np.concatenate([own, shared]), minlength=len(self.order))
        return sums.astype(np.float64)  # without any effect, bincount would give whole numbers

    def outside(self, inside: Array) -> Array:
        """From own components first to the problem's order; extra entries stay at the end."""
        outside = inside.copy()
        outside[self.order] = inside[: len(self.order)]
        return outside

    def information(self, state: State, s2: float) -> Array:
        """Expected information about the variances: components (problem's order), then residual.

        I_kl = tr(P V_k P V_l) / 2 s2^2. For the residual, V_e = V - sum ratio_k V_k and P V P = P.
        """
        k, m, q = len(self.order), self.m, self.q
        owner = np.eye(k)[np.concatenate([self.own_of, self.shared_of])]  # effects x components
        pairs = np.zeros((q + m, q + m))  # squares of Z' P Z, summed over blocks
        cross = np.einsum("iqm,irm->iqr", state.own_rj @ state.inner, state.own_rj)
        pairs[:q, :q] = (state.own_r**2 - 2 * state.own_r * cross).sum(axis=0)
        each = np.einsum("iqm,iqn->qmn", state.own_rj, state.own_rj)
        through = state.inner @ each
        pairs[:q, :q] += np.einsum("qmn,rnm->qr", through, through)
        ahead = np.eye(m, len(state.inner)).T - state.inner @ state.jrj[:, :m]
        pairs[:q, q:] = np.einsum("md,qmn,nd->qd", ahead, each, ahead)
        pairs[q:, :q] = pairs[:q, q:].T
        pairs[q:, q:] = state.shared_p**2
        traces = np.zeros((k + 1, k + 1))
        traces[:k, :k] = owner.T @ pairs @ owner
        first = self.traces(state)
        traces[:k, k] = traces[k, :k] = first - traces[:k, :k] @ state.ratios
        traces[k, k] = self.dof - first @ state.ratios - traces[k, :k] @ state.ratios
        places = [*self.order, k]
        information = np.empty_like(traces)
        information[np.ix_(places, places)] = traces / (2 * s2**2)
        return information

    def gradients(self, state: State, s2: float) -> Array:
        """How the fixed effects' sampling variances grow with the variances.

        Fixed effects x (components, residual).
        """
        m = self.m
        root = np.sqrt(state.ratios[self.shared_of])
        within = np.eye(m) + root[:, None] * state.jrj[:m, :m] * root
        absorbed = root[:, None] * np.linalg.solve(within, root[:, None] * state.jrj[:m, m:])
        vx = np.concatenate([-absorbed, np.eye(self.p)]) @ state.xx  # V^-1 X xx = R^-1 J vx
        own = ((state.own_rj @ vx) ** 2).sum(axis=0)
        shared = (state.jrj[:m] @ vx) ** 2
        slopes = np.stack([self._by_component(o, s) for o, s in zip(own.T, shared.T, strict=True)])
        rest = np.diagonal(state.xx) - slopes @ state.ratios  # a variance is the sum of its parts
        return np.stack([self.outside(line) for line in np.column_stack([slopes, rest])])


def _owners(components: list[Component]) -> NDArray[np.int64]:
    sizes = [component.columns.shape[2] for component in components]
    return np.repeat(np.arange(len(sizes)), sizes)
